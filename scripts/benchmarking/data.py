"""The real data sets among the extra assets, and how each is split; that is fixed, so that figures compare."""

import random
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

import srsly
from spacy.tokens import Doc
from wasabi import msg

from measuring.words import versions
from reading.gold import load_gold
from reading.patterns import blank
from reading.splits import text_hash
from shared.errors import InputError
from shared.training import Training
from suggesting.candidates import load_candidates
from suggesting.suggester import Suggester

FOOD_TEST = 300  # records, after shuffling


class Dataset(NamedTuple):
    """Raw texts, patterns, a test set, and annotations that only the reference learns from."""

    texts: Path
    patterns: Path
    test: List[Doc]
    annotated: List[Doc]


def load_datasets(assets: Path) -> Dict[str, Dataset]:
    """Read the data sets whose files are all there.

    assets (Path): The folder with the files, under the names that project.yml gives them.
    RETURNS (Dict[str, Dataset]): The data sets by name.
    RAISES (InputError): If none is complete.
    """
    loaders = {
        "fashion": (
            _load_fashion,
            ("fashion_brands_training", "fashion_brands_eval", "fashion_brands_patterns"),
        ),
        "food": (_load_food, ("reddit_r_cooking_sample", "food_data", "food_patterns")),
    }
    found = {}
    for name, (load, stems) in loaders.items():
        paths = [assets / f"{stem}.jsonl" for stem in stems]
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            msg.warn(f"Left out {name}, missing: {', '.join(missing)}")
        else:
            found[name] = load(*paths)
    if not found:
        remedy = "Fetch them: spacy project assets --extra"
        raise InputError("No data set to measure on", assets, remedy=remedy)
    return found


def without_test(dataset: Dataset, path: Path) -> Dataset:
    """Write the raw texts less those of the test set.

    dataset (Dataset): The data.
    path (Path): Output file, JSONL.
    RETURNS (Dataset): The data with these texts.
    """
    known = {text_hash(doc.text) for doc in dataset.test}
    records = (r for r in srsly.read_jsonl(dataset.texts) if text_hash(r["text"]) not in known)
    srsly.write_jsonl(path, ({"text": r["text"]} for r in records))
    return dataset._replace(texts=path)


def measure_each(
    assets: Path, training: Training, measure: Callable[[Dataset, Path], Any]
) -> Dict[str, Any]:
    """Measure something on each data set that is there.

    assets (Path): Folder with the extra assets.
    training (Training): How to train.
    measure (Callable): Takes a data set and an empty folder for files.
    RETURNS (dict): "versions", "seed", "max_steps", "vectors", and "datasets", by name what was measured.
    RAISES (InputError): If there is no data set.
    """
    measured = {}
    for name, dataset in load_datasets(assets).items():
        msg.divider(name)
        with tempfile.TemporaryDirectory() as folder:
            measured[name] = measure(dataset, Path(folder))
    return {
        "versions": versions(),
        "seed": training.seed,
        "max_steps": training.max_steps,
        "vectors": str(training.vectors) if training.vectors else None,
        "datasets": measured,
    }


def make_suggester(dataset: Dataset, cache: Path, gold: Path, training: Training) -> Suggester:
    """RETURNS (Suggester): Proposes terms of the data set, with the seed and vectors of training."""
    nlp = blank("en")
    candidates = load_candidates(cache, nlp, dataset.texts, gold)
    files = (dataset.patterns, dataset.texts)
    return Suggester(nlp, candidates, *files, training.seed, training.vectors)


def _load_fashion(training: Path, test: Path, patterns: Path) -> Dataset:
    return Dataset(training, patterns, _annotated(test), _annotated(training))


def _load_food(texts: Path, annotated: Path, patterns: Path) -> Dataset:
    docs = _annotated(annotated)
    random.Random(0).shuffle(docs)
    return Dataset(texts, patterns, docs[:FOOD_TEST], docs[FOOD_TEST:])


def _annotated(path: Path) -> List[Doc]:
    return load_gold(blank("en"), path, skip_bad_spans=True)[0]

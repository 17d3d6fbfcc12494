"""Measure on real data what answers are worth, against a model trained on people's annotations."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import srsly
from spacy.tokens import Doc, DocBin
from wasabi import msg

from benchmarking.annotator import Annotator, simulate
from benchmarking.cost import measure_speed
from benchmarking.data import Dataset, make_suggester, measure_each, without_test
from benchmarking.reference import train_reference
from labelling.corpus import convert
from measuring.evaluation import evaluate
from measuring.scores import STAGES
from reading.gold import offsets, prodigy
from reading.splits import text_hash
from reading.suggestions import read_answers
from reading.texts import read_texts
from shared.second_look import train_on_labels
from shared.training import Training
from shared.writing import ATTRS

# Numbers of answers after which everything is measured
POINTS = (0, 50, 100, 200, 400)


def benchmark_answers(assets: Path, pipeline: Path, training: Training) -> Dict[str, Any]:
    """Train and test on each data set among the extra assets.

    assets (Path): Folder with the extra assets.
    pipeline (Path): Config that assembles model and rules.
    training (Training): How to train.
    RETURNS (dict): What `measure_each` returns of `benchmark`.
    RAISES (InputError): If there is no data set.
    """
    on_one = partial(benchmark, pipeline=pipeline, training=training)
    return measure_each(assets, training, on_one)


def benchmark(
    dataset: Dataset,
    folder: Path,
    pipeline: Path,
    training: Training,
    points: Sequence[int] = POINTS,
) -> Dict[str, Any]:
    """Run the project on a data set after some numbers of answers, and the supervised reference.

    The answers are those of a simulated person who knows the reference's training records. No
    other annotation is used on the project's side, not even to stop the training. Apart from that,
    it is run once without answers but with those records as annotated texts.

    dataset (Dataset): The data.
    folder (Path): An empty folder for all files.
    pipeline (Path): Config that assembles model and rules.
    training (Training): How to train model and reference.
    points (Sequence[int]): Numbers of answers, in rising order.
    RETURNS (dict): "texts" and "entities" of the test set; the scores of "supervised" and of
        "annotated", the pipeline of that one run, None if all raw texts are annotated; and in
        "curve", for each number of answers that is reached, a dict with "answers", "accepted"
        and the scores by stage. Scores are "ents_p", "ents_r", "ents_f", "ents_f_ci",
        "train_seconds" (labelling and training; rules have none to train),
        "words_per_second", and "of_supervised", the F1 divided by the reference's.
    """
    test, empty, suggestions = (folder / name for name in ("test.spacy", "empty", "s.jsonl"))
    DocBin(ATTRS, docs=dataset.test).to_disk(test)
    empty.touch()
    suggestions.touch()
    dataset = without_test(dataset, folder / "texts.jsonl")
    reference = folder / "supervised"
    reference_seconds = train_reference(dataset.annotated, reference, training)
    suggester = make_suggester(dataset, folder / "candidates.npz", empty, training)

    def scores(name: str, answers: Path, annotated: Optional[Path] = None) -> Dict[str, Any]:
        msg.divider(name, char="-")
        run = folder / name
        seconds = run_project(dataset, empty, answers, run, pipeline, training, annotated)
        seconds["supervised"] = reference_seconds
        paths = {stage: run / stage for stage in ("rules", "pipeline")}
        paths.update(model=run / "model" / "model-best", supervised=reference / "model-best")
        return _measure(paths, dataset.test, test, run, seconds, training.seed)

    curve = []
    for point in simulate(suggester, Annotator(dataset.annotated), suggestions, points):
        answers = read_answers(suggester.nlp, suggestions, suggester.labels)
        accepted = sum(suggestion.answer == "accept" for suggestion in answers)
        row = scores(f"{point} answers", suggestions)
        curve.append({"answers": point, "accepted": accepted, **row})
    annotated = None
    if not _all_annotated(dataset):
        taught = folder / "annotated.jsonl"
        srsly.write_jsonl(taught, (prodigy(doc.text, offsets(doc)) for doc in dataset.annotated))
        annotated = scores("annotated", empty, taught)["pipeline"]
    return {
        "texts": len(dataset.test),
        "entities": sum(len(doc.ents) for doc in dataset.test),
        "supervised": [row.pop("supervised") for row in curve][0],
        "annotated": annotated,
        "curve": curve,
    }


def _all_annotated(dataset: Dataset) -> bool:
    """RETURNS (bool): Whether people annotated all raw texts, so that rules have nothing to label."""
    known = {text_hash(doc.text) for doc in dataset.annotated}
    return all(text_hash(text) in known for _, text in read_texts(dataset.texts))


def run_project(
    dataset: Dataset,
    gold: Path,
    suggestions: Path,
    folder: Path,
    config: Path,
    training: Training,
    annotated: Optional[Path] = None,
) -> Dict[str, float]:
    """Make rules, model and pipeline from the texts, the patterns, the answers, and annotations.

    dataset (Dataset): The data.
    gold (Path): Gold records, may have none.
    suggestions (Path): Suggestions with answers, may have none.
    folder (Path): Output folder: corpus, rules, model and pipeline.
    config (Path): Config that assembles model and rules.
    training (Training): How to train.
    annotated (Optional[Path]): Annotated texts to learn from.
    RETURNS (Dict[str, float]): The seconds that each stage took, with those it builds upon.
    """
    corpus, rules, model, pipeline = (folder / name for name in ("corpus", *STAGES))
    start = time.perf_counter()
    files = (dataset.texts, dataset.patterns, gold, suggestions)
    convert(*files, corpus, rules, annotated=annotated)
    labelling = time.perf_counter() - start
    trained = train_on_labels(corpus / "train", corpus / "dev.spacy", model, training)
    start = time.perf_counter()
    python = [sys.executable, "-W", "ignore:[W113]"]  # as in project.yml
    command = [*python, "-m", "spacy", "assemble", str(config), str(pipeline)]
    sources = ["--paths.model", str(model / "model-best"), "--paths.rules", str(rules)]
    if training.vectors:
        sources += ["--initialize.vectors", training.vectors.name]
    subprocess.run([*command, *sources], check=True)
    assembling = time.perf_counter() - start
    return {
        "rules": labelling,
        "model": labelling + trained,
        "pipeline": labelling + trained + assembling,
    }


def _measure(
    paths: Dict[str, Path],
    docs: List[Doc],
    test: Path,
    folder: Path,
    seconds: Dict[str, float],
    seed: int,
) -> Dict[str, Any]:
    """RETURNS (dict): Scores and speed by name of the pipeline."""
    stats = folder / "corpus" / "stats.json"
    metrics = evaluate(test, stats, folder / "metrics.json", folder / "predictions", paths, seed)
    best = metrics["supervised"]["ents_f"]
    return {
        name: {
            **{key: metrics[name][key] for key in ("ents_p", "ents_r", "ents_f", "ents_f_ci")},
            "train_seconds": seconds[name],
            "words_per_second": measure_speed(path, docs),
            "of_supervised": metrics[name]["ents_f"] / best if best else None,
        }
        for name, path in paths.items()
    }

"""Measure rules, model and pipeline on real data against a model trained on people's annotations."""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import spacy
import srsly
import typer
from spacy import util
from spacy.cli.train import train as spacy_train
from spacy.tokens import Doc, DocBin
from wasabi import msg

from common import ATTRS, InputError, clear_errors, staged
from convert import convert
from evaluate import STAGES, evaluate, percent, percent_range
from findings import versions
from gold import load_gold
from rules import blank
from splits import HELD_OUT, text_hash

SYSTEMS = (*STAGES, "supervised")
FOOD_TEST = 300  # records, after shuffling


class Dataset(NamedTuple):
    """Raw texts, patterns, a test set, and annotations that only the reference learns from."""

    texts: Path
    patterns: Path
    test: List[Doc]
    annotated: List[Doc]


def benchmark_cli(
    # fmt: off
    assets: Path = typer.Argument(..., help="Folder with the extra assets"),
    config: Path = typer.Argument(..., help="Training config"),
    pipeline: Path = typer.Argument(..., help="Config that assembles model and rules"),
    output: Path = typer.Argument(..., help="Output file for the results, JSON"),
    seed: int = typer.Option(0, help="Seed of training and resampling"),
    max_steps: int = typer.Option(..., help="Most steps to train"),
    gpu_id: int = typer.Option(-1, help="GPU to train on, -1 for none"),
    # fmt: on
) -> None:
    """Train and test on each data set among the extra assets, and print one table."""
    with clear_errors():
        datasets = load_datasets(assets)
        results: Dict[str, Any] = {
            "versions": versions(),
            "seed": seed,
            "max_steps": max_steps,
            "datasets": {},
        }
        for name, dataset in datasets.items():
            msg.divider(name)
            with tempfile.TemporaryDirectory() as folder:
                results["datasets"][name] = benchmark(
                    dataset, Path(folder), config, pipeline, seed, max_steps, gpu_id
                )
        with staged(output) as path:
            srsly.write_json(path, results)
        print_results(results)


def load_datasets(assets: Path) -> Dict[str, Dataset]:
    """Read the data sets whose files are all there.

    assets (Path): The folder with the files, under the names that project.yml gives them.
    RETURNS (Dict[str, Dataset]): The data sets by name.
    RAISES (InputError): If none is complete.
    """
    # How each is split is fixed, so that figures compare
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


def _load_fashion(training: Path, test: Path, patterns: Path) -> Dataset:
    return Dataset(training, patterns, _annotated(test), _annotated(training))


def _load_food(texts: Path, annotated: Path, patterns: Path) -> Dataset:
    docs = _annotated(annotated)
    random.Random(0).shuffle(docs)
    return Dataset(texts, patterns, docs[:FOOD_TEST], docs[FOOD_TEST:])


def _annotated(path: Path) -> List[Doc]:
    return load_gold(blank("en"), path, skip_bad_spans=True)[0]


def benchmark(
    dataset: Dataset,
    folder: Path,
    config: Path,
    pipeline: Path,
    seed: int,
    max_steps: int,
    gpu_id: int,
) -> Dict[str, Any]:
    """Run the project on a data set, without any annotation, and the supervised reference.

    dataset (Dataset): The data.
    folder (Path): An empty folder for all files.
    config (Path): Training config, the same for model and reference.
    pipeline (Path): Config that assembles model and rules.
    seed (int): Seed of training and resampling.
    max_steps (int): Most steps to train.
    gpu_id (int): GPU to train on, -1 for none.
    RETURNS (dict): "texts" and "entities" of the test set; by system "ents_p", "ents_r",
        "ents_f", "ents_f_ci", "train_seconds" (labelling and training; rules have none to
        train), "words_per_second", and "of_supervised", its F1 divided by the reference's.
    """
    paths = {name: folder / name for name in ("corpus", *SYSTEMS)}
    test = folder / "test.spacy"
    DocBin(ATTRS, docs=dataset.test).to_disk(test)
    start = time.perf_counter()
    _label(dataset, folder, paths["corpus"], paths["rules"])
    labelling = time.perf_counter() - start
    corpora = {"train": paths["corpus"] / "train", "dev": paths["corpus"] / "dev.spacy"}
    common = (config, seed, max_steps, gpu_id)
    training = _train(corpora, paths["model"], *common)
    start = time.perf_counter()
    _assemble(pipeline, paths["model"], paths["rules"], paths["pipeline"])
    assembling = time.perf_counter() - start
    reference = _split(dataset.annotated, folder)
    seconds = {
        "rules": labelling,
        "model": labelling + training,
        "pipeline": labelling + training + assembling,
        "supervised": _train(reference, paths["supervised"], *common),
    }
    systems = {name: paths[name] / "model-best" for name in ("model", "supervised")}
    systems.update({name: paths[name] for name in ("rules", "pipeline")})
    outputs = (folder / "metrics.json", folder / "predictions")
    metrics = evaluate(test, paths["corpus"] / "stats.json", *outputs, systems, seed)
    best = metrics["supervised"]["ents_f"]
    result: Dict[str, Any] = {key: metrics["test"][key] for key in ("texts", "entities")}
    for name in SYSTEMS:
        scores = {key: metrics[name][key] for key in ("ents_p", "ents_r", "ents_f", "ents_f_ci")}
        result[name] = {
            **scores,
            "train_seconds": seconds[name],
            "words_per_second": _speed(systems[name], dataset.test),
            "of_supervised": scores["ents_f"] / best if best else None,
        }
    return result


def _label(dataset: Dataset, folder: Path, corpus: Path, rules: Path) -> None:
    """Convert the raw texts, less those of the test set, with no annotation at all."""
    known = {text_hash(doc.text) for doc in dataset.test}
    records = (r for r in srsly.read_jsonl(dataset.texts) if text_hash(r["text"]) not in known)
    srsly.write_jsonl(folder / "texts.jsonl", ({"text": r["text"]} for r in records))
    empty = folder / "empty.jsonl"
    empty.touch()
    convert(folder / "texts.jsonl", dataset.patterns, empty, empty, corpus, rules)


def _split(docs: List[Doc], folder: Path) -> Dict[str, Path]:
    """RETURNS (Dict[str, Path]): Train and dev, the latter to stop the reference early."""
    n_dev = int(len(docs) * HELD_OUT)
    paths = {"train": folder / "annotated.spacy", "dev": folder / "annotated_dev.spacy"}
    shuffled = random.Random(0).sample(docs, len(docs))
    DocBin(ATTRS, docs=shuffled[n_dev:]).to_disk(paths["train"])
    DocBin(ATTRS, docs=shuffled[:n_dev]).to_disk(paths["dev"])
    return paths


def _train(
    corpora: Dict[str, Path], output: Path, config: Path, seed: int, max_steps: int, gpu_id: int
) -> float:
    """RETURNS (float): The seconds that training took."""
    overrides = {
        **{f"paths.{name}": str(path) for name, path in corpora.items()},
        "system.seed": seed,
        "training.max_steps": max_steps,
    }
    # The project's own log must stay what it is
    if "output_file" in util.load_config(config)["training"]["logger"]:
        overrides["training.logger.output_file"] = str(output) + ".log.jsonl"
    start = time.perf_counter()
    spacy_train(config, output, use_gpu=gpu_id, overrides=overrides)
    return time.perf_counter() - start


def _assemble(config: Path, model: Path, rules: Path, output: Path) -> None:
    command = [sys.executable, "-m", "spacy", "assemble", str(config), str(output)]
    sources = ["--paths.model", str(model / "model-best"), "--paths.rules", str(rules)]
    subprocess.run([*command, *sources], check=True)


def _speed(pipeline: Path, docs: List[Doc]) -> float:
    """RETURNS (float): Words per second from text to entities in one process, the best of three."""
    nlp = spacy.load(pipeline)
    texts = [doc.text for doc in docs]
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        words = sum(len(doc) for doc in nlp.pipe(texts))
        rates.append(words / (time.perf_counter() - start))
    return max(rates)


def print_results(results: Dict[str, Any]) -> None:
    """Print all data sets as one table of at most 80 columns."""
    header = ("Data", "System", "P", "R", "F1", "95% interval", "Of sup.", "Train s", "Words/s")
    rows: List[Tuple[str, ...]] = []
    for dataset, result in results["datasets"].items():
        for name in SYSTEMS:
            scores = result[name]
            ratio = scores["of_supervised"]
            rows.append(
                (
                    dataset,
                    name,
                    *(percent(scores[key]) for key in ("ents_p", "ents_r", "ents_f")),
                    percent_range(scores["ents_f_ci"]),
                    "-" if ratio is None else f"{ratio:.2f}",
                    f"{scores['train_seconds']:,.0f}",
                    f"{scores['words_per_second']:,.0f}",
                )
            )
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * 7, spacing=2)


if __name__ == "__main__":
    typer.run(benchmark_cli)

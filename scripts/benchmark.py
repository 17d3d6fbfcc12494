"""Measure on real data what answers are worth, against a model trained on people's annotations."""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import spacy
import srsly
import typer
from spacy import util
from spacy.cli.train import train as spacy_train
from spacy.tokens import Doc, DocBin
from wasabi import msg

from answers import read_answers
from benchmark_data import Dataset, load_datasets
from candidates import load_candidates
from common import ATTRS, clear_errors, staged
from convert import convert
from evaluate import STAGES, evaluate, percent, percent_range
from findings import versions
from plots import plot_answers
from report import environment
from rules import blank
from simulate import Annotator, simulate
from splits import HELD_OUT, text_hash
from suggest import Suggester

SYSTEMS = (*STAGES, "supervised")
# Numbers of answers after which everything is measured
POINTS = (0, 50, 100, 200, 400)


class Training(NamedTuple):
    """How to train, the same for all models."""

    config: Path
    seed: int
    max_steps: Optional[int]  # None for what the config says
    gpu_id: int


def benchmark_cli(
    # fmt: off
    assets: Path = typer.Argument(..., help="Folder with the extra assets"),
    config: Path = typer.Argument(..., help="Training config"),
    pipeline: Path = typer.Argument(..., help="Config that assembles model and rules"),
    template: Path = typer.Argument(..., help="The template of the page"),
    output: Path = typer.Argument(..., help="Output file for the results, JSON"),
    page: Path = typer.Argument(..., help="Output file for the results as a page, HTML"),
    seed: int = typer.Option(0, help="Seed of suggestions, training and resampling"),
    max_steps: int = typer.Option(..., help="Most steps to train"),
    gpu_id: int = typer.Option(-1, help="GPU to train on, -1 for none"),
    # fmt: on
) -> None:
    """Train and test on each data set among the extra assets, and show the results."""
    with clear_errors():
        training = Training(config, seed, max_steps, gpu_id)
        results: Dict[str, Any] = {
            "versions": versions(),
            "seed": seed,
            "max_steps": max_steps,
            "datasets": {},
        }
        for name, dataset in load_datasets(assets).items():
            msg.divider(name)
            with tempfile.TemporaryDirectory() as folder:
                results["datasets"][name] = benchmark(dataset, Path(folder), pipeline, training)
        with staged(output) as path:
            srsly.write_json(path, results)
        with staged(page) as path:
            path.write_text(render(template, results), encoding="utf8")
        print_results(results)
        msg.good(f"Page: {page}")
        msg.info("How fast convert is: spacy project run benchmark-convert")


def benchmark(
    dataset: Dataset,
    folder: Path,
    pipeline: Path,
    training: Training,
    points: Sequence[int] = POINTS,
) -> Dict[str, Any]:
    """Run the project on a data set after some numbers of answers, and the supervised reference.

    The answers are those of a simulated person who knows the reference's training records. No
    other annotation is used on the project's side, not even to stop the training.

    dataset (Dataset): The data.
    folder (Path): An empty folder for all files.
    pipeline (Path): Config that assembles model and rules.
    training (Training): How to train model and reference.
    points (Sequence[int]): Numbers of answers, in rising order.
    RETURNS (dict): "texts" and "entities" of the test set; the scores of "supervised"; and in
        "curve", for each number of answers that is reached, a dict with "answers", "accepted"
        and the scores by stage. Scores are "ents_p", "ents_r", "ents_f", "ents_f_ci",
        "train_seconds" (labelling and training; rules have none to train),
        "words_per_second", and "of_supervised", the F1 divided by the reference's.
    """
    test, empty, suggestions = (folder / name for name in ("test.spacy", "empty", "s.jsonl"))
    DocBin(ATTRS, docs=dataset.test).to_disk(test)
    empty.touch()
    suggestions.touch()
    known = {text_hash(doc.text) for doc in dataset.test}
    records = (r for r in srsly.read_jsonl(dataset.texts) if text_hash(r["text"]) not in known)
    dataset = dataset._replace(texts=folder / "texts.jsonl")
    srsly.write_jsonl(dataset.texts, ({"text": r["text"]} for r in records))

    reference = folder / "supervised"
    reference_seconds = train_reference(dataset.annotated, reference, training)
    nlp = blank("en")
    candidates = load_candidates(folder / "candidates.npz", nlp, dataset.texts, empty)
    suggester = Suggester(nlp, candidates, dataset.patterns, dataset.texts, training.seed)
    curve = []
    for point in simulate(suggester, Annotator(dataset.annotated), suggestions, points):
        msg.divider(f"{point} answers", char="-")
        answers = read_answers(nlp, suggestions, suggester.labels)
        accepted = sum(suggestion.answer == "accept" for suggestion in answers)
        run = folder / str(point)
        seconds = _run_project(dataset, empty, suggestions, run, pipeline, training)
        seconds["supervised"] = reference_seconds
        paths = {name: run / name for name in ("rules", "pipeline")}
        paths.update(model=run / "model" / "model-best", supervised=reference / "model-best")
        scores = _measure(paths, dataset.test, test, run, seconds, training.seed)
        curve.append({"answers": point, "accepted": accepted, **scores})
    return {
        "texts": len(dataset.test),
        "entities": sum(len(doc.ents) for doc in dataset.test),
        "supervised": [row.pop("supervised") for row in curve][0],
        "curve": curve,
    }


def _run_project(
    dataset: Dataset,
    gold: Path,
    suggestions: Path,
    folder: Path,
    config: Path,
    training: Training,
) -> Dict[str, float]:
    """Make rules, model and pipeline from the texts, the patterns and the answers.

    RETURNS (Dict[str, float]): The seconds that each stage took, with those it builds upon.
    """
    corpus, rules, model, pipeline = (folder / name for name in ("corpus", *STAGES))
    start = time.perf_counter()
    convert(dataset.texts, dataset.patterns, gold, suggestions, corpus, rules)
    labelling = time.perf_counter() - start
    trained = _train(corpus / "train", corpus / "dev.spacy", model, training)
    start = time.perf_counter()
    command = [sys.executable, "-m", "spacy", "assemble", str(config), str(pipeline)]
    sources = ["--paths.model", str(model / "model-best"), "--paths.rules", str(rules)]
    subprocess.run([*command, *sources], check=True)
    assembling = time.perf_counter() - start
    return {
        "rules": labelling,
        "model": labelling + trained,
        "pipeline": labelling + trained + assembling,
    }


def train_reference(docs: List[Doc], output: Path, training: Training) -> float:
    """Train on people's annotations, less a tenth of them that is held out to stop early.

    docs (List[Doc]): The annotated docs.
    output (Path): A folder, made here, for corpora and model-best.
    training (Training): How to train.
    RETURNS (float): The seconds that training took.
    """
    n_dev = int(len(docs) * HELD_OUT)
    shuffled = random.Random(0).sample(docs, len(docs))
    output.mkdir()
    train, dev = output / "train.spacy", output / "dev.spacy"
    DocBin(ATTRS, docs=shuffled[n_dev:]).to_disk(train)
    DocBin(ATTRS, docs=shuffled[:n_dev]).to_disk(dev)
    return _train(train, dev, output, training)


def _train(train: Path, dev: Path, output: Path, training: Training) -> float:
    """RETURNS (float): The seconds that training took."""
    overrides: Dict[str, Any] = {
        "paths.train": str(train),
        "paths.dev": str(dev),
        "system.seed": training.seed,
    }
    if training.max_steps is not None:
        overrides["training.max_steps"] = training.max_steps
    # The project's own log must stay what it is
    if "output_file" in util.load_config(training.config)["training"]["logger"]:
        overrides["training.logger.output_file"] = str(output) + ".log.jsonl"
    start = time.perf_counter()
    spacy_train(training.config, output, use_gpu=training.gpu_id, overrides=overrides)
    return time.perf_counter() - start


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


def measure_speed(pipeline: Path, docs: List[Doc]) -> float:
    """RETURNS (float): Words per second from text to entities in one process, the best of three."""
    nlp = spacy.load(pipeline)
    texts = [doc.text for doc in docs]
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        words = sum(len(doc) for doc in nlp.pipe(texts))
        rates.append(words / (time.perf_counter() - start))
    return max(rates)


def render(template: Path, results: Dict[str, Any]) -> str:
    """RETURNS (str): The results as a page, self-contained HTML."""
    plots = {name: plot_answers(result) for name, result in results["datasets"].items()}
    page = environment(template.parent).get_template(template.name)
    return page.render(results=results, plots=plots, stages=STAGES, systems=SYSTEMS)


def print_results(results: Dict[str, Any]) -> None:
    """Print the results as tables of at most 80 columns."""
    header = ("Data", "System", "P", "R", "F1", "95% interval", "Of sup.", "Train s", "Words/s")
    rows: List[Tuple[str, ...]] = []
    for dataset, result in results["datasets"].items():
        for name in SYSTEMS:
            scores = system_scores(result, name)
            rows.append(
                (
                    dataset,
                    name,
                    *(percent(scores[key]) for key in ("ents_p", "ents_r", "ents_f")),
                    percent_range(scores["ents_f_ci"]),
                    ratio(scores["of_supervised"]),
                    f"{scores['train_seconds']:,.0f}",
                    f"{scores['words_per_second']:,.0f}",
                )
            )
    msg.divider("Without an answer, and supervised")
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * 7, spacing=2)
    curve = [
        (
            dataset,
            str(row["answers"]),
            str(row["accepted"]),
            *(percent(row[stage]["ents_f"]) for stage in STAGES),
            percent_range(row["pipeline"]["ents_f_ci"]),
            ratio(row["pipeline"]["of_supervised"]),
        )
        for dataset, result in results["datasets"].items()
        for row in result["curve"]
    ]
    titles = ("Data", "Answers", "Accepted", *STAGES, "95% interval", "Of sup.")
    msg.divider("F1 by number of answers; the last two columns are of the pipeline")
    msg.table(curve, header=titles, divider=True, aligns=["l"] + ["r"] * 7, spacing=2)


def system_scores(result: Dict[str, Any], name: str) -> Dict[str, Any]:
    """RETURNS (dict): The scores of the reference, or those of a stage without an answer."""
    return result["supervised"] if name == "supervised" else result["curve"][0][name]


def ratio(value: Optional[float]) -> str:
    """RETURNS (str): A ratio with two decimals, "-" for None."""
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    typer.run(benchmark_cli)

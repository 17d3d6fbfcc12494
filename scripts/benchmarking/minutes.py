"""Measure on real data what a person's minutes are worth: answers, marked texts, or both."""

from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Sequence

import spacy
from wasabi import msg

from annotating.doubt import doubts
from benchmarking.annotator import span_scores
from benchmarking.answers import run_project
from benchmarking.choosing import in_order
from benchmarking.data import Dataset, make_suggester, measure_each, without_test
from benchmarking.person import SECONDS_PER_ANSWER, Person, Work
from benchmarking.reference import train_reference
from shared.training import Training

MINUTES = (0, 15, 30, 45, 60, 90, 120)
WAYS = ("answers only", "texts only", "as advised")


def benchmark_minutes(
    assets: Path,
    pipeline: Path,
    training: Training,
    seconds_per_text: float,
) -> Dict[str, Any]:
    """Train and test on each data set after some minutes of a simulated person's work.

    assets (Path): Folder with the extra assets.
    pipeline (Path): Config that assembles model and rules.
    training (Training): How to train.
    seconds_per_text (float): How long the person takes to mark a text. An answer takes
        SECONDS_PER_ANSWER.
    RETURNS (dict): What `measure_each` returns of `measure`, "seconds_per_text" and
        "seconds_per_answer".
    RAISES (InputError): If there is no data set.
    """
    on_one = partial(
        measure,
        pipeline=pipeline,
        training=training,
        seconds_per_text=seconds_per_text,
        minutes=MINUTES,
    )
    seconds = {"seconds_per_text": seconds_per_text, "seconds_per_answer": SECONDS_PER_ANSWER}
    return {**measure_each(assets, training, on_one), **seconds}


def measure(
    dataset: Dataset,
    folder: Path,
    pipeline: Path,
    training: Training,
    seconds_per_text: float,
    minutes: Sequence[int],
) -> Dict[str, Any]:
    """Measure the pipeline for each way to spend the minutes.

    The person answers and marks as the reference's training records have it. The texts are drawn from
    these by chance; as advised, those come first that `annotate` would ask about first, with a
    model that was trained on the answers. Nothing else that people annotated is used.

    dataset (Dataset): The data.
    folder (Path): An empty folder for all files.
    pipeline (Path): Config that assembles model and rules.
    training (Training): How to train.
    seconds_per_text (float): How long a text takes.
    minutes (Sequence[int]): When to measure.
    RETURNS (dict): "supervised", the scores of full annotation, its "texts" and their "minutes";
        and "ways", for each of WAYS a list of dicts with "minutes", "answers", "texts", "ents_p",
        "ents_r" and "ents_f".
    """
    dataset = without_test(dataset, folder / "texts.jsonl")
    train_reference(dataset.annotated, folder / "supervised", training)
    supervised = span_scores(spacy.load(folder / "supervised" / "model-best"), dataset.test)
    empty = folder / "empty"
    empty.touch()
    suggester = make_suggester(dataset, folder / "candidates.npz", empty, training)
    person = Person(dataset, suggester, folder, training.seed)

    def train_on(work: Work) -> Path:
        place = folder / "-".join(map(str, work))
        if not place.exists():
            # After answers there is a pipeline to choose the texts by
            before = train_on(Work(work.answers, 0)) if all(work) else None
            msg.divider(f"{work.answers} answers, {work.texts} texts", char="-")
            docs = person.texts
            if before:
                model = spacy.load(before / "model" / "model-best")
                docs = in_order(docs, doubts(model, [doc.text for doc in docs]))
            answers, texts = person.files(work.answers, docs[: work.texts])
            run_project(dataset, empty, answers, place, pipeline, training, texts)
        return place

    scores: Dict[Work, Dict[str, float]] = {}
    ways: Dict[str, List[Dict[str, Any]]] = {way: [] for way in WAYS}
    for way, rows in ways.items():
        for minute in minutes:
            work = person.work(way, minute, seconds_per_text)
            if work not in scores:
                scores[work] = span_scores(spacy.load(train_on(work) / "pipeline"), dataset.test)
            rows.append({"minutes": minute, **work._asdict(), **scores[work]})
    n_texts = len(dataset.annotated)
    full = {**supervised, "texts": n_texts, "minutes": n_texts * seconds_per_text / 60}
    return {"supervised": full, "ways": ways}


def print_results(results: Dict[str, Any]) -> None:
    """Print the results as a table of at most 80 columns."""
    rows = []
    for dataset, result in results["datasets"].items():
        for way, measured in result["ways"].items():
            for row in measured:
                numbers = (row["minutes"], row["answers"], row["texts"])
                shown = (f"{100 * row[key]:.1f}" for key in ("ents_p", "ents_r", "ents_f"))
                rows.append((dataset, way, *map(str, numbers), *shown))
        full = result["supervised"]
        shown = (f"{100 * full[key]:.1f}" for key in ("ents_p", "ents_r", "ents_f"))
        rows.append(
            (dataset, "supervised", f"{full['minutes']:.0f}", "0", str(full["texts"]), *shown)
        )
    header = ("Data", "Way", "Minutes", "Answers", "Texts", "P", "R", "F1")
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * 6, spacing=2)
    print(f"{results['seconds_per_answer']} s an answer, {results['seconds_per_text']:g} s a text")
    print("supervised: the same training on all texts that people annotated")

"""Measure on real data what a person's minutes are worth: answers, marked texts, or both."""

import random
import tempfile
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
import spacy
import srsly
from spacy.tokens import Doc
from wasabi import msg

from annotating.queue import teaches
from benchmarking.annotator import Annotator, simulate, span_scores
from benchmarking.answers import run_project
from benchmarking.data import Dataset, load_datasets, make_suggester, without_test
from benchmarking.reference import train_reference
from measuring.words import versions
from reading.gold import offsets, prodigy
from reading.suggestions import read_answers, terms_pay
from shared.training import Training
from suggesting.suggester import Suggester

MINUTES = (0, 15, 30, 45, 60, 90, 120)
SECONDS_PER_ANSWER = 3
WAYS = ("answers only", "texts only", "as advised")


class Work(NamedTuple):
    """What a person did in some minutes."""

    answers: int
    texts: int


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
    RETURNS (dict): "versions", "seed", "vectors", "seconds_per_text", "seconds_per_answer", and
        "datasets", by name what `measure` returns.
    RAISES (InputError): If there is no data set.
    """
    results: Dict[str, Any] = {
        "versions": versions(),
        "seed": training.seed,
        "vectors": str(training.vectors) if training.vectors else None,
        "seconds_per_text": seconds_per_text,
        "seconds_per_answer": SECONDS_PER_ANSWER,
        "datasets": {},
    }
    for name, dataset in load_datasets(assets).items():
        msg.divider(name)
        with tempfile.TemporaryDirectory() as folder:
            results["datasets"][name] = measure(
                dataset, Path(folder), pipeline, training, seconds_per_text, MINUTES
            )
    return results


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
    pipeline that was trained on the answers. Nothing else that people annotated is used.

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
    person = Person(dataset, suggester, folder, training.seed, seconds_per_text)

    def train_on(work: Work) -> Path:
        place = folder / "-".join(map(str, work))
        if not place.exists():
            # After answers there is a pipeline to choose the texts by
            before = train_on(Work(work.answers, 0)) if all(work) else None
            msg.divider(f"{work.answers} answers, {work.texts} texts", char="-")
            answers, texts = person.files(work, before)
            run_project(dataset, empty, answers, place, pipeline, training, texts)
        return place

    scores: Dict[Work, Dict[str, float]] = {}
    ways: Dict[str, List[Dict[str, Any]]] = {way: [] for way in WAYS}
    for way, rows in ways.items():
        for minute in minutes:
            work = person.work(way, minute)
            if work not in scores:
                scores[work] = span_scores(spacy.load(train_on(work) / "pipeline"), dataset.test)
            rows.append({"minutes": minute, **work._asdict(), **scores[work]})
    n_texts = len(dataset.annotated)
    full = {**supervised, "texts": n_texts, "minutes": n_texts * seconds_per_text / 60}
    return {"supervised": full, "ways": ways}


class Person:
    """A simulated person who answers suggestions and marks texts.

    dataset (Dataset): Has what the person knows.
    suggester (Suggester): Proposes terms.
    folder (Path): For files.
    seed (int): Seed of the order of the texts.
    seconds_per_text (float): How long a text takes.
    """

    def __init__(
        self,
        dataset: Dataset,
        suggester: Suggester,
        folder: Path,
        seed: int,
        seconds_per_text: float,
    ) -> None:
        self.annotator = Annotator(dataset.annotated)
        self.texts = random.Random(seed).sample(dataset.annotated, len(dataset.annotated))
        self.suggester = suggester
        self.suggestions = folder / "suggestions.jsonl"
        self.suggestions.touch()
        self.folder = folder
        self.seconds_per_text = seconds_per_text

    def work(self, way: str, minutes: float) -> Work:
        """RETURNS (Work): What the person gets done."""
        seconds = 60 * minutes
        most = int(seconds / SECONDS_PER_ANSWER)
        answers = 0 if way == "texts only" else self.answer(most, stop=way == "as advised")
        texts = 0
        if way != "answers only":
            left = seconds - answers * SECONDS_PER_ANSWER
            texts = min(int(left / self.seconds_per_text), len(self.texts))
        return Work(answers, texts)

    def answer(self, most: int, stop: bool) -> int:
        """Answer suggestions, those of the file first.

        most (int): How many at most.
        stop (bool): Whether to stop where marking texts is worth more.
        RETURNS (int): How many.
        """
        nlp, labels, path = self.suggester.nlp, self.suggester.labels, self.suggestions
        steps = [*range(25, most, 25), most]
        for step in steps:
            if step:
                for _ in simulate(self.suggester, self.annotator, path, [step]):
                    pass
            answers = read_answers(nlp, path, labels)[:step]
            if len(answers) < step or (stop and not terms_pay(answers)):
                break
        return len(answers)

    def files(self, work: Work, before: Optional[Path]) -> List[Path]:
        """Write what the person did.

        work (Work): How much.
        before (Optional[Path]): The run of before the texts, to choose them by.
        RETURNS (List[Path]): The files of the answers and of the texts.
        """
        answers, texts = (self.folder / f"{name}.jsonl" for name in ("answers", "annotated"))
        srsly.write_jsonl(answers, list(srsly.read_jsonl(self.suggestions))[: work.answers])
        srsly.write_jsonl(
            texts,
            (prodigy(doc.text, offsets(doc)) for doc in self._order(before)[: work.texts]),
        )
        return [answers, texts]

    def _order(self, before: Optional[Path]) -> List[Doc]:
        """RETURNS (List[Doc]): The texts in the order in which they are marked."""
        if before is None:
            return self.texts
        names = [doc.text for doc in self.texts]
        found = [spacy.load(before / stage).pipe(names) for stage in ("rules", "pipeline")]
        first = [teaches(*docs) for docs in zip(*found)]
        return [self.texts[i] for i in np.argsort(np.logical_not(first), kind="stable")]


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

"""A simulated person who answers terms and marks texts."""

import random
from pathlib import Path
from typing import List, NamedTuple, Sequence

import srsly
from spacy.tokens import Doc

from benchmarking.annotator import Annotator, simulate
from benchmarking.data import Dataset
from reading.gold import offsets, prodigy
from reading.suggestions import read_answers, terms_pay
from suggesting.suggester import Suggester

SECONDS_PER_ANSWER = 3


class Work(NamedTuple):
    """What a person did in some minutes."""

    answers: int
    texts: int


class Person:
    """A simulated person who answers suggestions and marks texts.

    dataset (Dataset): Has what the person knows.
    suggester (Suggester): Proposes terms.
    folder (Path): For files.
    seed (int): Seed of the order of the texts.
    """

    def __init__(
        self,
        dataset: Dataset,
        suggester: Suggester,
        folder: Path,
        seed: int,
    ) -> None:
        self.annotator = Annotator(dataset.annotated)
        self.texts = random.Random(seed).sample(dataset.annotated, len(dataset.annotated))
        self.suggester = suggester
        self.suggestions = folder / "suggestions.jsonl"
        self.suggestions.touch()
        self.folder = folder

    def work(self, way: str, minutes: float, seconds_per_text: float) -> Work:
        """RETURNS (Work): What the person gets done."""
        seconds = 60 * minutes
        most = int(seconds / SECONDS_PER_ANSWER)
        answers = 0 if way == "texts only" else self.answer(most, stop=way == "as advised")
        texts = 0
        if way != "answers only":
            left = seconds - answers * SECONDS_PER_ANSWER
            texts = min(int(left / seconds_per_text), len(self.texts))
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

    def files(self, n_answers: int, docs: Sequence[Doc]) -> List[Path]:
        """Write what the person did.

        n_answers (int): The number of answers.
        docs (Sequence[Doc]): The texts that were marked.
        RETURNS (List[Path]): The files of the answers and of the texts.
        """
        answers, texts = (self.folder / f"{name}.jsonl" for name in ("answers", "annotated"))
        srsly.write_jsonl(answers, list(srsly.read_jsonl(self.suggestions))[:n_answers])
        srsly.write_jsonl(texts, (prodigy(doc.text, offsets(doc)) for doc in docs))
        return [answers, texts]

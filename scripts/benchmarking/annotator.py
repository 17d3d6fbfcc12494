"""A simulated person who answers suggestions, to measure what answers are worth."""

from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from reading.suggestions import read_answers, write_answer
from suggesting.suggester import Suggester


class Annotator:
    """Answers from annotated training records, and from nothing else.

    It accepts a term if, among its occurrences there, at least one is exactly an entity and
    more than half lie within entities. Tokens are compared in lower case.

    docs (Sequence[Doc]): The records as docs with entities.
    """

    def __init__(self, docs: Sequence[Doc]) -> None:
        self.docs = [([token.lower_ for token in doc], doc) for doc in docs]
        # Where each word is, since to look through all docs for each term takes minutes
        self.places: Dict[str, List] = {}
        for number, (words, _) in enumerate(self.docs):
            for place, word in enumerate(words):
                self.places.setdefault(word, []).append((number, place))

    def __call__(self, label: str, words: Sequence[str]) -> str:
        """RETURNS (str): "accept" or "reject"."""
        seen: Counter = Counter()
        for number, start in self.places.get(words[0], ()):
            doc_words, doc = self.docs[number]
            end = start + len(words)
            if doc_words[start:end] != list(words):
                continue
            ents = [ent for ent in doc.ents if ent.label_ == label]
            exact = any((ent.start, ent.end) == (start, end) for ent in ents)
            inside = any(ent.start <= start and end <= ent.end for ent in ents)
            seen.update(all=1, exact=exact, inside=inside)
        return "accept" if seen["exact"] and 2 * seen["inside"] > seen["all"] else "reject"


def answer_all(nlp: Language, annotator: Annotator, path: Path, labels: Sequence[str]) -> None:
    """Answer every open suggestion in the file."""
    for suggestion in read_answers(nlp, path, labels):
        if suggestion.answer is None:
            label = suggestion.record["label"]
            write_answer(suggestion, annotator(label, suggestion.words))


def simulate(
    suggester: Suggester, annotator: Annotator, path: Path, points: Sequence[int], batch: int = 25
) -> Iterator[int]:
    """Suggest and answer in turns, and stop at each point so that the caller can measure.

    suggester (Suggester): Proposes.
    annotator (Annotator): Answers.
    path (Path): The suggestions file. It grows.
    points (Sequence[int]): Numbers of answers at which to stop, in rising order.
    batch (int): Number of suggestions between two fits.
    YIELDS (int): The number of answers at each point. If nothing is left to ask it ends there.
    """
    n_answers = len(read_answers(suggester.nlp, path, suggester.labels))
    for point in points:
        while n_answers < point:
            added = suggester.add(path, min(batch, point - n_answers))
            if not added:
                break
            answer_all(suggester.nlp, annotator, path, suggester.labels)
            n_answers += len(added)
        yield n_answers
        if n_answers < point:
            return


def span_scores(rules: Language, docs: Sequence[Doc]) -> Dict[str, float]:
    """RETURNS (Dict[str, float]): Precision, recall and F1 of a pipeline on annotated docs."""
    examples = [Example(rules(doc.text), doc) for doc in docs]
    scores = Scorer.score_spans(examples, "ents")
    return {name: scores[name] or 0.0 for name in ("ents_p", "ents_r", "ents_f")}

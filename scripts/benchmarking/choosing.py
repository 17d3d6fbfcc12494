"""Measure on real data which texts are worth marking, once terms have been answered."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np
import spacy
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from spacy.tokens import Doc
from wasabi import msg

from annotating.doubt import doubts
from benchmarking.annotator import span_scores
from benchmarking.answers import run_project
from benchmarking.data import Dataset, make_suggester, measure_each, without_test
from benchmarking.person import Person, Work
from reading.gold import offsets
from reading.suggestions import read_answers
from shared.training import Training
from suggesting.suggester import Suggester

WORK = Work(answers=400, texts=100)
# Of the terms of a text, so many count, and so many of all texts are looked for
TERMS, ALL_TERMS = 5, 1000
# Kinds of texts that take turns, for variety
KINDS = 30
NO_TEXTS = "no texts"


class Before(NamedTuple):
    """What is there when the texts are chosen."""

    folder: Path  # rules, model and pipeline, trained on the answers
    terms: Dict[str, float]  # those that nobody answered, in lower case, and how probable they are
    seed: int


def by_chance(before: Before, docs: Sequence[Doc]) -> List[float]:
    """RETURNS (List[float]): The same for each text."""
    return [0.0 for _ in docs]


def differ(before: Before, docs: Sequence[Doc]) -> List[float]:
    """RETURNS (List[float]): 1 for a text in which pipeline and rules find something else."""
    return [float(offsets(rules) != offsets(pipe)) for rules, pipe in _found(before, docs)]


def differ_at_a_match(before: Before, docs: Sequence[Doc]) -> List[float]:
    """RETURNS (List[float]): 1 for a text in which they do and a rule matches."""
    found = _found(before, docs)
    return [float(bool(rules.ents) and offsets(rules) != offsets(pipe)) for rules, pipe in found]


def least_sure(before: Before, docs: Sequence[Doc]) -> List[float]:
    """RETURNS (List[float]): How unsure the model is, as for `annotate`."""
    return doubts(spacy.load(before.folder / "model" / "model-best"), [doc.text for doc in docs])


def varied(before: Before, docs: Sequence[Doc]) -> List[float]:
    """RETURNS (List[float]): The same, but kinds of texts take turns, by k-means of TF-IDF."""
    worth = least_sure(before, docs)
    rows = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform([doc.text for doc in docs])
    number = min(KINDS, len(docs))
    kinds = KMeans(number, n_init=1, random_state=before.seed).fit_predict(rows)
    turns: Counter[int] = Counter()
    for place in np.argsort([-value for value in worth], kind="stable"):
        turns[kinds[place]] += 1
        worth[place] = -float(turns[kinds[place]])
    return worth


def open_terms(before: Before, docs: Sequence[Doc]) -> List[float]:
    """RETURNS (List[float]): How probable the text's best TERMS terms are that nobody answered."""
    worth = []
    for doc in docs:
        words = [token.lower_ for token in doc if not token.is_space]
        terms = {" ".join(words[i : i + n]) for n in range(1, 5) for i in range(len(words))}
        best = sorted((before.terms.get(term, 0.0) for term in terms), reverse=True)
        worth.append(sum(best[:TERMS]))
    return worth


CHOICES: Dict[str, Callable[[Before, Sequence[Doc]], List[float]]] = {
    "by chance": by_chance,
    "rules and pipeline differ": differ,
    "they differ, and a rule matches": differ_at_a_match,
    "the model is least sure": least_sure,
    "the same, with variety": varied,
    "open terms of high rank": open_terms,
}


def in_order(docs: Sequence[Doc], worth: Sequence[float]) -> List[Doc]:
    """RETURNS (List[Doc]): The texts of most worth first, those of the same worth as they were."""
    return [docs[i] for i in np.argsort([-value for value in worth], kind="stable")]


def benchmark_texts(assets: Path, pipeline: Path, training: Training) -> Dict[str, Any]:
    """Train and test on each data set after WORK, the texts chosen in each way.

    assets (Path): Folder with the extra assets.
    pipeline (Path): Config that assembles model and rules.
    training (Training): How to train.
    RETURNS (dict): What `measure_each` returns of `measure`.
    RAISES (InputError): If there is no data set.
    """
    on_one = partial(measure, pipeline=pipeline, training=training, work=WORK)
    return measure_each(assets, training, on_one)


def measure(
    dataset: Dataset, folder: Path, pipeline: Path, training: Training, work: Work
) -> List[Dict[str, Any]]:
    """Measure the pipeline without marked texts, and with those that each choice takes first.

    The texts are those that the simulated person of `minutes` can mark, in the order that chance
    gives them, which also decides between texts of the same worth.

    dataset (Dataset): The data.
    folder (Path): An empty folder for all files.
    pipeline (Path): Config that assembles model and rules.
    training (Training): How to train.
    work (Work): How many terms are answered before, and how many texts are marked.
    RETURNS (List[dict]): "choice", "answers", "texts", "ents_p", "ents_r" and "ents_f".
    """
    dataset = without_test(dataset, folder / "texts.jsonl")
    empty = folder / "empty"
    empty.touch()
    suggester = make_suggester(dataset, folder / "candidates.npz", empty, training)
    person = Person(dataset, suggester, folder, training.seed)
    n_answers = person.answer(work.answers, stop=False)

    def row(choice: str, docs: Sequence[Doc]) -> Dict[str, Any]:
        msg.divider(f"{n_answers} answers, {len(docs)} texts: {choice}", char="-")
        place = folder / choice
        answers, texts = person.files(n_answers, docs)
        run_project(dataset, empty, answers, place, pipeline, training, texts)
        scores = span_scores(spacy.load(place / "pipeline"), dataset.test)
        return {"choice": choice, "answers": n_answers, "texts": len(docs), **scores}

    rows = [row(NO_TEXTS, [])]
    before = Before(folder / NO_TEXTS, _terms(suggester, person.suggestions), training.seed)
    for choice, worth in CHOICES.items():
        docs = in_order(person.texts, worth(before, person.texts))
        rows.append(row(choice, docs[: work.texts]))
    return rows


def _terms(suggester: Suggester, suggestions: Path) -> Dict[str, float]:
    """RETURNS (Dict[str, float]): Probability of the best terms that nobody answered, in lower case."""
    answers = read_answers(suggester.nlp, suggestions, suggester.labels)
    return {row["text"].lower(): row["score"] for row in suggester.propose(answers, ALL_TERMS)}


def _found(before: Before, docs: Sequence[Doc]) -> Iterator[Tuple[Doc, Doc]]:
    """YIELDS (Tuple[Doc, Doc]): Each text as the rules and as the pipeline see it."""
    texts = [doc.text for doc in docs]
    stages = ("rules", "pipeline")
    yield from zip(*(spacy.load(before.folder / stage).pipe(texts) for stage in stages))


def print_results(results: Dict[str, Any]) -> None:
    """Print the results as a table of at most 80 columns."""
    rows = [
        (
            dataset,
            row["choice"],
            str(row["texts"]),
            *(f"{100 * row[key]:.1f}" for key in ("ents_p", "ents_r", "ents_f")),
        )
        for dataset, measured in results["datasets"].items()
        for row in measured
    ]
    header = ("Data", "Texts to mark", "Number", "P", "R", "F1")
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * 4, spacing=2)
    print(f"After {WORK.answers} answers, or as many as there are to give")

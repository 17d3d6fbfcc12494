"""How far a person is, in words: how many texts are done, and how well F1 will be known."""

import json
import math
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

from annotating.store import Store
from reading.splits import gold_side

# F1 before anything is measured
LIKELY_F = 0.7
# With fewer entities than that in the test half any figure would be made up
MIN_ENTITIES = 10
Z = 1.96  # standard errors to each side of a 95% interval
MORE = 100


class Counts(NamedTuple):
    """What a file of annotated texts holds, and what of it would be the test set."""

    texts: int  # accepted
    entities: int  # in these
    rejected: int = 0
    test_texts: float = 0
    test_entities: float = 0


def count(store: Store) -> Counts:
    """RETURNS (Counts): What is in the file."""
    marks = {
        entry.text: len(entry.record.get("spans") or [])
        for entry in store.entries
        if entry.answer == "accept"
    }
    test = [number for text, number in marks.items() if gold_side(text) == "test"]
    rejected = sum(entry.answer != "accept" for entry in store.entries)
    return Counts(len(marks), sum(marks.values()), rejected, len(test), sum(test))


def measured_width(metrics: Optional[Dict[str, Any]]) -> Optional[float]:
    """RETURNS (Optional[float]): How wide the 95% interval of F1 was on gold, None if there was
    none."""
    if not metrics or metrics["measures"] != "accuracy":
        return None
    bounds = metrics["pipeline"]["ents_f_ci"]
    return float(bounds[1] - bounds[0]) if bounds else None


def width(counts: Counts, metrics: Optional[Dict[str, Any]] = None) -> Optional[float]:
    """Tell how wide the 95% interval of F1 is with so many gold texts.

    If one was measured on gold it is scaled, since it shrinks with the square root of the number
    of texts. Otherwise it is a guess: F1 is taken for a share of the entities (of 238 that gives
    12 points, where resampling gave 13), and nobody knows yet how high it is.

    counts (Counts): The gold texts.
    metrics (Optional[Dict[str, Any]]): What evaluate wrote.
    RETURNS (Optional[float]): The width, 0 to 1, None if there is too little to go by.
    """
    measured = measured_width(metrics)
    if metrics and measured and counts.test_texts:
        return min(measured * math.sqrt(metrics["test"]["texts"] / counts.test_texts), 1)
    if counts.test_entities < MIN_ENTITIES:
        return None
    return min(2 * Z * math.sqrt(LIKELY_F * (1 - LIKELY_F) / counts.test_entities), 1)


def describe(use: str, counts: Counts, metrics: Path) -> str:
    """Say what the annotated texts are good for by now, and what more of them would be.

    use (str): "gold" if they are to measure, "train" if they are to learn from.
    counts (Counts): The texts.
    metrics (Path): The scores that evaluate wrote, may be missing.
    RETURNS (str): A sentence.
    """
    if use == "train":
        texts, entities = _number(counts.texts, "text"), _number(counts.entities, "mark")
        return f"The model will learn from {texts} with {entities}."
    scores = read(metrics)
    now, later = width(counts, scores), width(_with_more(counts), scores)
    if now is None or later is None:
        return "Too few entities are marked to say how well F1 will be known."
    more = f"with {MORE} more texts about {_points(later)}"
    if measured_width(scores):
        return f"The 95% interval of F1 is {_points(now)} wide, going by the last run; {more}."
    return (
        f"The 95% interval of F1 will be some {_points(now)} wide, {more}: a guess from the number "
        "of marks, until a run measures it."
    )


def read(metrics: Path) -> Optional[Dict[str, Any]]:
    """RETURNS (Optional[Dict[str, Any]]): The scores, None if there are none."""
    try:
        return json.loads(metrics.read_bytes())
    except (OSError, ValueError):
        return None


def _with_more(counts: Counts) -> Counts:
    """RETURNS (Counts): With so many more texts of the same kind, half of them in the test set."""
    texts = counts.texts + MORE
    rate = counts.entities / max(counts.texts, 1)
    return Counts(
        texts,
        round(rate * texts),
        counts.rejected,
        counts.test_texts + MORE / 2,
        counts.test_entities + rate * MORE / 2,
    )


def _points(share: float) -> str:
    return _number(round(100 * share), "point")


def _number(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"

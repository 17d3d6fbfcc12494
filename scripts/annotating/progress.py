"""How far a person is, in words: how many texts are done, and how well F1 will be known."""

import json
import math
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

from annotating.store import Store

# F1 before anything is measured
LIKELY_F = 0.7
# With fewer entities than that in the test half any figure would be made up
MIN_ENTITIES = 10
Z = 1.96  # standard errors to each side of a 95% interval
MORE = 100


class Counts(NamedTuple):
    """What a file of annotated texts holds."""

    texts: int  # accepted
    entities: int  # in these
    rejected: int


def count(store: Store) -> Counts:
    """RETURNS (Counts): What is in the file."""
    accepted = [entry for entry in store.entries if entry.answer == "accept"]
    entities = sum(len(entry.record.get("spans") or []) for entry in accepted)
    return Counts(len(accepted), entities, len(store.entries) - len(accepted))


def width(counts: Counts, metrics: Optional[Dict[str, Any]] = None) -> Optional[float]:
    """Estimate how wide the 95% interval of F1 is with so many gold texts.

    Half of them are the test set. If an interval has been measured on gold it is scaled, since it
    shrinks with the square root of the number of texts. Otherwise F1 is taken for a share of the
    entities (of 238 that gives 12 points, where resampling gave 13).

    counts (Counts): The gold texts.
    metrics (Optional[Dict[str, Any]]): What evaluate wrote.
    RETURNS (Optional[float]): The width, 0 to 1, None if there is too little to go by.
    """
    bounds = (metrics or {}).get("pipeline", {}).get("ents_f_ci")
    if metrics and bounds and metrics["measures"] == "accuracy" and counts.texts:
        measured = float(bounds[1] - bounds[0])
        return min(measured * math.sqrt(metrics["test"]["texts"] / (counts.texts / 2)), 1)
    entities = counts.entities / 2
    if entities < MIN_ENTITIES:
        return None
    score = (metrics or {}).get("pipeline", {}).get("ents_f") or LIKELY_F
    return min(2 * Z * math.sqrt(score * (1 - score) / entities), 1)


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
    scores = _read(metrics)
    now = width(counts, scores)
    growth = (counts.texts + MORE) / max(counts.texts, 1)
    more = Counts(counts.texts + MORE, round(counts.entities * growth), 0)
    later = width(more, scores)
    if now is None or later is None:
        return "Too few entities are marked to say how well F1 will be known."
    return (
        f"The 95% interval of F1 is about {_points(now)} wide; "
        f"with {MORE} more texts about {_points(later)}."
    )


def _read(metrics: Path) -> Optional[Dict[str, Any]]:
    """RETURNS (Optional[Dict[str, Any]]): The scores, None if there are none."""
    try:
        return json.loads(metrics.read_bytes())
    except (OSError, ValueError):
        return None


def _points(share: float) -> str:
    return _number(round(100 * share), "point")


def _number(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"

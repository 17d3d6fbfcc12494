"""What to do next: plain rules over the scores, each with its command."""

import math
from typing import Any, Dict, Iterator, List, NamedTuple

from measuring.scores import percent
from measuring.verdict import FEW_EXAMPLES, n_examples
from shared.showing import shorten, show_pattern

RUN = "python -m spacy project run"
# Gold texts to add at a time; half of them go to test
MORE_TEXTS = 200
# Widths of the interval of F1: beyond the first more gold helps, beyond the second nothing else is as urgent
WIDE, TOO_WIDE = 0.1, 0.25
# Of entities or errors: with fewer the share says little
MIN_CASES = 5
LOW_RECALL = 0.5
# A rule that is mostly wrong teaches the wrong thing
MIN_PRECISION = 0.5
SHOWN = 3  # rules and forms that are named
WIDTH = 60  # characters of a pattern


class Advice(NamedTuple):
    """Something worth a quarter of an hour."""

    weight: float  # the share of errors that it is about, more where all else must wait
    title: str
    why: str
    commands: List[str]


def what_next(metrics: Dict[str, Any], stats: Dict[str, Any]) -> List[Advice]:
    """Say what the next quarter of an hour is best spent on.

    metrics (dict): What evaluate wrote, with "dev".
    stats (dict): What convert counted.
    RETURNS (List[Advice]): What is worth most first; never empty.
    """
    rules = (_examples, _gold, _rules, _terms, _texts)
    found = [advice for rule in rules for advice in rule(metrics, stats)]
    found.sort(key=lambda advice: -advice.weight)
    return found or [
        Advice(
            0,
            "Look for mistakes in the data",
            "No figure here points at one thing. What is annotated in two ways, or overlooked, is "
            "found by the check of the data.",
            [f"{RUN} check-data"],
        )
    ]


def _examples(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    number = n_examples(stats)
    if number < FEW_EXAMPLES:
        yield Advice(
            3,
            "Write more rules, or add texts",
            f"Only {number:,} texts to train on have an entity, some {FEW_EXAMPLES} are wanted. "
            "Convert shows what each rule matches.",
            [f"{RUN} convert"],
        )


def _gold(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    command = f"{RUN} annotate . --vars.annotate_for gold"
    if metrics["measures"] == "agreement":
        yield Advice(
            2,
            "Annotate 100 texts as gold",
            "Without them nobody knows how good the pipeline is.",
            [command],
        )
        return
    if not sum(metrics["test"]["entities"].values()):
        yield Advice(2, "Annotate more gold", "No entity is marked in the test texts.", [command])
        return
    texts, bounds = metrics["test"]["texts"], metrics["pipeline"]["ents_f_ci"]
    width = bounds[1] - bounds[0]
    # To know it better that nothing is found is no help
    if width > WIDE and metrics["pipeline"]["right"]:
        # An interval shrinks with the square root of the number of texts
        later = width * math.sqrt(texts / (texts + MORE_TEXTS / 2))
        yield Advice(
            2 if width > TOO_WIDE else 0,
            "Annotate more gold",
            f"The 95% interval of F1 is {_points(width)} points wide: {MORE_TEXTS} more texts make "
            f"it about {_points(later)}.",
            [command],
        )


def _rules(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    dev = metrics.get("dev")
    if not dev or metrics["measures"] == "agreement":
        return
    bad = {
        name: row
        for name, row in dev["rules"].items()
        if row["found"] >= MIN_CASES and row["right"] < MIN_PRECISION * row["found"]
    }
    wrong = {name: row["found"] - row["right"] for name, row in bad.items()}
    if bad:
        patterns = {rule["id"]: show_pattern(rule["pattern"]) for rule in stats["rules"]}
        named = [
            f"{shorten(patterns[name], WIDTH)} (rule {name}) is right {row['right']} of {row['found']} "
            f"times, a precision of {row['right'] / row['found']:.1f}"
            for name, row in sorted(bad.items(), key=lambda item: (-wrong[item[0]], item[0]))[
                :SHOWN
            ]
        ]
        yield Advice(
            _share(sum(wrong.values()), dev["errors"]),
            "Mend rules that are mostly wrong",
            f"In the dev texts {_list(named, len(bad))}. The model learns their mistakes. Make "
            "them narrower, or delete them; the check of the data shows where they match.",
            [f"{RUN} check-data"],
        )


def _terms(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    number, recall = metrics["test"]["new"], metrics["pipeline"]["new"]
    # Terms are suggested for being like those that rules find; few of these suggest noise
    if number >= MIN_CASES and recall < LOW_RECALL and n_examples(stats) >= FEW_EXAMPLES:
        yield Advice(
            _share(round(number * (1 - recall)), metrics["pipeline"]["errors"]),
            "Answer suggested terms",
            f"{number:,} entities in test have a form that neither the training texts nor a rule "
            f"has, and the pipeline finds {percent(recall)}% of these. Each term that you accept "
            "is a new rule.",
            [f"{RUN} suggest", f"{RUN} review"],
        )


def _texts(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    dev = metrics.get("dev")
    number = sum(dev["mixed_errors"].values()) if dev else 0
    if dev and number >= MIN_CASES and metrics["measures"] == "accuracy":
        forms = list(dev["mixed_errors"])
        yield Advice(
            _share(number, dev["errors"]),
            "Annotate texts to learn from",
            f"{number:,} of {sum(dev['errors'].values()):,} errors in the dev texts are of forms that "
            f"are an entity in one place and none in another: {_list(forms[:SHOWN], len(forms))}. "
            "A rule can't tell them apart, a model can learn it from annotated texts.",
            [f"{RUN} annotate . --vars.annotate_for train"],
        )


def _share(number: int, errors: Dict[str, int]) -> float:
    return min(number / max(sum(errors.values()), 1), 1)


def _list(names: List[str], number: int) -> str:
    more = f" and {number - len(names):,} more" if number > len(names) else ""
    return "; ".join(names) + more


def _points(share: float) -> str:
    return f"{100 * share:.0f}"

"""What to do next: plain rules over the scores, each with its command."""

import math
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from measuring.cautions import FEW_EXAMPLES, cut_short, n_examples
from measuring.scores import percent
from shared.showing import shorten, show_pattern

RUN = "python -m spacy project run"
# Gold texts to add at a time; half of them go to test
MORE_TEXTS = 200
# More gold helps if it makes the interval of F1 narrower by so much; beyond the second width nothing else is
# as urgent
MIN_NARROWING, TOO_WIDE = 0.025, 0.25
# Below so many texts with an entity few suggestions are good, see suggest.py: rules come first
ENOUGH_TO_SUGGEST = 30
# Of entities or errors: with fewer the share says little
MIN_CASES = 5
# The same for accepted terms, since to take one back is no work
MIN_TERM_CASES = 3
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


def what_next(
    metrics: Dict[str, Any], stats: Dict[str, Any], curve: Sequence[Dict[str, Any]] = ()
) -> List[Advice]:
    """Say what the next quarter of an hour is best spent on.

    metrics (dict): What evaluate wrote, with "dev".
    stats (dict): What convert counted.
    curve (Sequence[dict]): The learning curve.
    RETURNS (List[Advice]): What is worth most first; never empty.
    """
    rules = (_examples, _gold, _accepted, _rules, _terms, _texts)
    found = [advice for rule in rules for advice in rule(metrics, stats)]
    found += _training(curve)
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
    if number >= FEW_EXAMPLES:
        return
    few = f"Only {number:,} texts to train on have an entity, some {FEW_EXAMPLES} are wanted."
    suggest = [f"{RUN} suggest", f"{RUN} review"]
    if number < ENOUGH_TO_SUGGEST:
        yield Advice(
            3,
            "Write more rules, or add texts",
            f"{few} Convert shows what each rule matches. When rules match in {ENOUGH_TO_SUGGEST} "
            "texts or more, answer suggested terms: each that you accept is a new rule.",
            [f"{RUN} convert", *suggest],
        )
    else:
        yield Advice(
            3,
            "Answer suggested terms, and write more rules",
            f"{few} Each term that you accept is a new rule; 100 answers take some minutes.",
            suggest,
        )


def _training(curve: Sequence[Dict[str, Any]]) -> Iterator[Advice]:
    steps = cut_short(curve)
    if steps:
        yield Advice(
            1,
            "Train longer",
            f"The score on dev was best at the last step, {steps:,}.",
            [f"{RUN} all . --vars.max_steps {2 * steps}"],
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
    # An interval shrinks with the square root of the number of texts
    later = width * math.sqrt(texts / (texts + MORE_TEXTS / 2))
    # To know it better that nothing is found is no help
    if width - later > MIN_NARROWING and metrics["pipeline"]["right"]:
        yield Advice(
            2 if width > TOO_WIDE else 0,
            "Annotate more gold",
            f"The 95% interval of F1 is {_points(width)} points wide: {MORE_TEXTS} more texts make "
            f"it about {_points(later)}.",
            [command],
        )


def _accepted(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    """YIELDS (Advice): To take back answers, which is less work than to mend a pattern."""
    bad = _bad_rules(metrics, stats, accepted=True)
    if bad:
        named = [
            f"the term '{rule['term']}' is right in {right} of {found} places"
            for rule, found, right in bad
        ]
        yield Advice(
            _share(sum(found - right for _, found, right in bad), _errors(metrics)),
            "Take back answers that are mostly wrong",
            f"In the texts that people marked {_list(named[:SHOWN], len(named))}. A term matches in any "
            'case, as an ordinary word, too. Write "reject" as its answer into the suggestions file '
            "(vars.suggestions).",
            [f"{RUN} all"],
        )


def _rules(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    bad = _bad_rules(metrics, stats, accepted=False)
    if bad:
        named = [
            f"{shorten(show_pattern(rule['pattern']), WIDTH)} (rule {rule['id']}) is right "
            f"{right} of {found} times, a precision of {right / found:.1f}"
            for rule, found, right in bad
        ]
        yield Advice(
            _share(sum(found - right for _, found, right in bad), _errors(metrics)),
            "Mend rules that are mostly wrong",
            f"In the texts that people marked {_list(named[:SHOWN], len(named))}. The model learns their "
            "mistakes. Make them narrower, or delete them; the check of the data shows where they match.",
            [f"{RUN} check-data"],
        )


def _bad_rules(
    metrics: Dict[str, Any], stats: Dict[str, Any], accepted: bool
) -> List[Tuple[Dict[str, Any], int, int]]:
    """RETURNS (List[Tuple[dict, int, int]]): Rules that people mostly deny, in dev and in the texts that
    they annotated to learn from: what they found there, and how much of it is right. Those with most
    errors first. Either accepted terms or patterns; what people marked themselves is neither."""
    dev = metrics.get("dev") or {}
    by_gold = dev.get("rules", {}) if metrics["measures"] == "accuracy" else {}
    least = MIN_TERM_CASES if accepted else MIN_CASES
    bad = []
    for rule in stats["rules"]:
        if "marked" in rule:
            continue
        in_dev = by_gold.get(rule["id"], {"found": 0, "right": 0})
        found = in_dev["found"] + rule.get("in_annotated", 0)
        right = in_dev["right"] + rule.get("right_in_annotated", 0)
        if bool(rule.get("term")) == accepted and found >= least and right < MIN_PRECISION * found:
            bad.append((rule, found, right))
    return sorted(bad, key=lambda row: (row[2] - row[1], row[0]["id"]))


def _errors(metrics: Dict[str, Any]) -> Dict[str, int]:
    """RETURNS (Dict[str, int]): Kinds of errors in dev, or in test if there is no dev."""
    return (metrics.get("dev") or metrics["pipeline"])["errors"]


def _terms(metrics: Dict[str, Any], stats: Dict[str, Any]) -> Iterator[Advice]:
    number, recall = metrics["test"]["new"], metrics["pipeline"]["new"]
    # Terms are suggested for being like those that rules find; few of these suggest noise
    if not stats["answers"]["pay"]:
        return
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
    answers = stats["answers"]
    if not answers["pay"]:
        yield Advice(
            1,
            "Annotate texts to learn from",
            f"You gave {answers['given']:,} answers to suggested terms; of the last {answers['recent']:,} "
            f"{answers['recent_yes']:,} were yes. In the same time texts that you mark teach more now.",
            [f"{RUN} annotate . --vars.annotate_for train"],
        )
        return
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

"""What the scores say, and the last lines of a run."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

from wasabi import msg

from measuring.cautions import MIN_DIFFERENT, cautions
from measuring.scores import exact_bound, percent, percent_range, points, points_range
from shared.showing import printable

MAX_CAUTIONS = 5  # printed at the end of a run

HEADLINES = {
    "no texts": "Nothing was measured",
    "no entities": "How much is found can't be said",
    "agreement": "How good the pipeline is was not measured",
    "nothing": "Nothing was found",
    "nothing right": "Nothing was found rightly",
    "better": "The pipeline is better than the rules alone",
    "worse": "The rules alone are better than the pipeline",
    "unclear": "No clear difference between the pipeline and the rules alone",
}


def judge(metrics: Dict[str, Any]) -> str:
    """RETURNS (str): What the scores come down to, a key of HEADLINES."""
    test, pipeline = metrics["test"], metrics["pipeline"]
    number = sum(test["entities"].values())
    if not test["texts"]:
        return "no texts"
    if not number:
        return "no entities"
    if metrics["measures"] == "agreement":
        return "agreement"
    if not pipeline["right"]:
        return "nothing right" if pipeline["found"] else "nothing"
    gain = metrics["differences"]["pipeline-rules"]
    low, high = gain["ents_f_ci"] or (0, 0)
    if gain["apart"] < MIN_DIFFERENT or low <= 0 <= high:
        return "unclear"
    return "better" if low > 0 else "worse"


def verdict(metrics: Dict[str, Any]) -> Tuple[str, List[str]]:
    """Put the scores in words.

    metrics (dict): What evaluate wrote.
    RETURNS (Tuple[str, List[str]]): A headline, and sentences that say more.
    """
    case = judge(metrics)
    return HEADLINES[case], _sentences(case, metrics)


def _sentences(case: str, metrics: Dict[str, Any]) -> List[str]:
    test, pipeline = metrics["test"], metrics["pipeline"]
    if case == "no texts":
        return ["The test corpus holds no texts."]
    if case == "no entities":
        return [
            f"None of the {test['texts']:,} test texts holds an entity, so recall and F1 say "
            "nothing, and all that is found counts as wrong. Add texts with entities to the test "
            "data."
        ]
    number = sum(test["entities"].values())
    result = [
        f"The pipeline finds {_recall(pipeline)} of {_what(test['entities'], number)}, the rules "
        f"alone {_recall(metrics['rules'])}. {_precision(metrics)}"
    ]
    if case == "agreement":
        return [
            "There are no gold annotations, so the test texts have the labels that the rules gave "
            "them. Every score here measures agreement with the rules, not accuracy. To learn how "
            "good the pipeline is, annotate 100 texts or more: python -m spacy project run annotate",
            *result,
        ]
    if pipeline["right"] in (0, number):
        result.append(_bound(pipeline["right"], number))
    if pipeline["right"] and test["new"]:
        result.append(
            f"Of the {test['new']:,} whose form neither the training texts nor a rule has, it finds "
            f"{percent(pipeline['new'])}%: that is what the model adds."
        )
    if pipeline["right"]:
        result.append(_compare(metrics["differences"]["pipeline-rules"]))
    return result


def _what(labels: Dict[str, int], number: int) -> str:
    name = f"{next(iter(labels))} entities" if len(labels) == 1 else "entities"
    return f"the {number:,} {name} in the test texts" if number > 1 else "the one entity there is"


def _recall(scores: Dict[str, Any]) -> str:
    return f"{percent(scores['ents_r'])}%" if scores["right"] else "none"


def _precision(metrics: Dict[str, Any]) -> str:
    pipeline, rules = metrics["pipeline"], metrics["rules"]
    if not pipeline["found"] and not rules["found"]:
        return "Neither finds anything else."
    ours, theirs = (
        f"{percent(s['ents_p'])}% is right" if s["found"] else "there is nothing to judge"
        for s in (pipeline, rules)
    )
    return f"Of what the pipeline finds {ours}, of what the rules find {theirs}."


def _bound(right: int, number: int) -> str:
    """RETURNS (str): What none of so many, or all of them, says about all texts of the kind."""
    bound = exact_bound(number)
    side = f"above {percent(1 - bound)}%" if right else f"below {percent(bound)}%"
    return f"{right:,} of {number:,} found: recall is {side} (exact 95% bound)."


def _compare(gain: Dict[str, Any]) -> str:
    if not gain["apart"]:
        return "The rules alone score the same in every text."
    bounds = gain["ents_f_ci"]
    said = f"The difference in F1 is {points(gain['ents_f'])} points, 95% interval {points_range(bounds)}"
    if gain["apart"] < MIN_DIFFERENT and not bounds[0] <= 0 <= bounds[1]:
        return f"{said}, but so few as {gain['apart']} entities may be chance."
    return f"{said}."


def ending(metrics: Dict[str, Any]) -> Tuple[str, str, str]:
    """RETURNS (Tuple[str, str, str]): How a run ends: "good", "warn" or "fail", the score, and why."""
    case = judge(metrics)
    pipeline, number = metrics["pipeline"], sum(metrics["test"]["entities"].values())
    if case in ("no texts", "no entities"):
        return "warn", "F1 can't be measured, 0 test entities", _sentences(case, metrics)[0]
    bounds = pipeline["ents_f_ci"]
    score = (
        f"F1 {percent(pipeline['ents_f'])}, 95% interval {percent_range(bounds)}, "
        f"{number:,} test entit{'ies' if number > 1 else 'y'}"
    )
    if case == "agreement":
        why = "No gold annotations: this is agreement with the rules, not accuracy."
        return "warn", score, why
    if case.startswith("nothing"):
        bound = percent(exact_bound(number))
        why = f"0 of {number:,}, so recall is below {bound}% (exact 95% bound)."
        return "fail", score, f"{HEADLINES[case]}: {why}"
    why = _compare(metrics["differences"]["pipeline-rules"])
    rules = f"(F1 {percent(metrics['rules']['ents_f'])})"
    words = {"better": "Clearly above", "worse": "Clearly below", "unclear": "Not clearly above"}
    kinds = {"better": "good", "worse": "fail", "unclear": "warn"}
    return kinds[case], score, f"{words[case]} the rules alone {rules}. {why}"


def print_ending(
    metrics: Dict[str, Any],
    stats: Optional[Dict[str, Any]] = None,
    curve: Sequence[Dict[str, Any]] = (),
) -> None:
    """Print what a person must know when a run ends; the last of it is the score.

    metrics (dict): What evaluate wrote.
    stats (dict): What convert counted, to print what the scores can't say, too.
    curve (Sequence[dict]): The learning curve, for the same.
    """
    found = cautions(metrics, stats, curve) if stats else []
    for caution in found[:MAX_CAUTIONS]:
        msg.warn(printable(caution))
    if len(found) > MAX_CAUTIONS:
        print(f"... and {len(found) - MAX_CAUTIONS} more, see the report")
    kind, score, why = ending(metrics)
    show: Dict[str, Any] = {"good": msg.good, "warn": msg.warn, "fail": msg.fail}
    show[kind](score, why)

"""What an update cost and what it brought: scores by label before and after, and a page."""

from pathlib import Path
from typing import Any, Collection, Dict, List, NamedTuple, Optional, Set, Tuple

from spacy.scorer import get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example
from wasabi import msg

from measuring.evaluation import predict
from measuring.marks import RIGHT, WRONG, Mark, draw
from measuring.page import template
from measuring.scores import (
    bootstrap_f,
    entities,
    interval,
    percent,
    percent_range,
    points,
    points_range,
    tally,
)
from shared.writing import staged

SHOWN = 50  # texts with something forgotten
SCORES = ("ents_p", "ents_r", "ents_f", "ents_per_type")
# What a group of labels is measured against, by the key "measures"
MEASURES = {
    "accuracy": "people's annotations",
    "rules": "the rules' labels, so this is agreement, not accuracy",
    "base": "what the base finds, so this is agreement, not accuracy",
}
# The base's and the updated pipeline's, by test corpus
Predictions = Dict[Path, Tuple[List[Example], List[Example]]]


class Group(NamedTuple):
    """Labels that are measured together: "old", "new" or "all", against what, and where.

    A gadget was a PRODUCT to the base, and is no longer meant to be. So where the base is the
    measure, its entities do not count where the update finds one of the labels in `instead`.
    """

    kind: str
    measures: str
    labels: Set[str]
    test: Path
    instead: Set[str] = frozenset()  # type: ignore[assignment]


def predict_both(before: Path, after: Path, groups: List[Group]) -> Predictions:
    """RETURNS (Predictions): What two pipelines find in the test corpora of all groups."""
    tests = sorted({group.test for group in groups})
    return {test: (predict(before, test), predict(after, test)) for test in tests}


def compare(groups: List[Group], predictions: Predictions, seed: int) -> List[Dict[str, Any]]:
    """Score two pipelines on groups of labels.

    groups (List[Group]): The groups. Those without labels are passed over.
    predictions (Predictions): What the base and the updated pipeline find.
    seed (int): Seed of the resampling for the intervals.
    RETURNS (List[dict]): For each group its "kind", "measures" and "labels", the number of
        "texts" and "entities", of the base's entities those "replaced" by a new label, the scores "before" and "after" (spaCy's own and the 95%
        interval "ents_f_ci"), and the "difference" in "ents_f" with its interval.
    """
    results = []
    for group in filter(lambda group: group.labels, groups):
        sides = _restricted(group, predictions)
        found = sum(
            ent.label_ in group.labels
            for example in predictions[group.test][0]
            for ent in example.predicted.ents
        )
        samples = [bootstrap_f(tally(examples), seed) for examples in sides]
        scores = [{**_score(side), "ents_f_ci": interval(s)} for side, s in zip(sides, samples)]
        results.append(
            {
                "kind": group.kind,
                "measures": group.measures,
                "labels": sorted(group.labels),
                "texts": len(sides[0]),
                "entities": sum(len(eg.reference.ents) for eg in sides[0]),
                "replaced": found - sum(len(eg.predicted.ents) for eg in sides[0]),
                "before": scores[0],
                "after": scores[1],
                "difference": {
                    "ents_f": (scores[1]["ents_f"] or 0) - (scores[0]["ents_f"] or 0),
                    "ents_f_ci": interval(samples[1] - samples[0]),
                },
            }
        )
    return results


def forgotten(groups: List[Group], predictions: Predictions) -> List[Tuple[Doc, Doc, Doc]]:
    """RETURNS (List[Tuple[Doc, Doc, Doc]]): The texts in which the base has more of the old
    labels right: with the right ones, the base's and the updated pipeline's."""
    return [
        (one.reference, one.predicted, other.predicted)
        for group in groups
        if group.kind == "old"
        for one, other in zip(*_restricted(group, predictions))
        if tally([one])[0, 0] > tally([other])[0, 0]
    ]


def _restricted(group: Group, predictions: Predictions) -> List[List[Example]]:
    before, after = predictions[group.test]
    replaced = [_characters(example.predicted, group.instead) for example in after]
    return [
        [restrict(eg, group.labels, chars) for eg, chars in zip(side, replaced)]
        for side in (before, after)
    ]


def restrict(example: Example, labels: Collection[str], passed_over: Set[int]) -> Example:
    """Leave out what is not measured.

    example (Example): Predicted and right entities of a text.
    labels (Collection[str]): The labels to measure.
    passed_over (Set[int]): Characters; entities over one of them are left out.
    RETURNS (Example): The example with the entities that are left.
    """
    docs = []
    for doc in (example.predicted, example.reference):
        ents = [
            ent
            for ent in doc.ents
            if ent.label_ in labels and passed_over.isdisjoint(range(ent.start_char, ent.end_char))
        ]
        doc = doc.copy()
        doc.set_ents(ents)
        docs.append(doc)
    return Example(*docs)


def _characters(doc: Doc, labels: Collection[str]) -> Set[int]:
    """RETURNS (Set[int]): The characters within entities that have one of the labels."""
    spans = ((e.start_char, e.end_char) for e in doc.ents if e.label_ in labels)
    return {char for start, end in spans for char in range(start, end)}


def why_refused(groups: List[Dict[str, Any]], max_forgetting: float) -> Optional[str]:
    """RETURNS (str): Why the update must not replace the base, None if it may.

    groups (List[dict]): What `compare` returns.
    max_forgetting (float): The most F1 (0 to 1) that old labels may lose.
    """
    old = [group for group in groups if group["kind"] == "old"]
    if old and not any(group["entities"] for group in old):
        return "What was forgotten can't be measured: no held-out text has an old label"
    for group in old:
        loss = -group["difference"]["ents_f"]
        if loss > max_forgetting:
            return (
                f"The old labels lost {100 * loss:.1f} points of F1, at most "
                f"{100 * max_forgetting:.1f} are allowed"
            )
    return None


def print_comparison(groups: List[Dict[str, Any]]) -> None:
    """Print a table for each group of labels, of at most 80 columns, and what it measures."""
    header = ["", "P", "R", "F1", "95% interval"]
    for group in groups:
        msg.divider(f"{group['kind'].title()} labels")
        rows: List[List[str]] = [
            [
                side,
                *(percent(group[side][key]) for key in ("ents_p", "ents_r", "ents_f")),
                percent_range(group[side]["ents_f_ci"]),
            ]
            for side in ("before", "after")
        ]
        change = group["difference"]
        rows.append(["change", "", "", points(change["ents_f"]), points_range(change["ents_f_ci"])])
        msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * 4)
        print(f"{group['entities']:,} entities in {group['texts']:,} texts, compared with")
        print(f"{MEASURES[group['measures']]}.")
        if group["replaced"]:
            print(
                f"{group['replaced']:,} entities of the base have a new label now, and don't count."
            )


def write_report(metrics: Dict[str, Any], lost: List[Tuple[Doc, Doc, Doc]], output: Path) -> None:
    """Render scores before and after, and the texts where the update forgot, as one HTML page.

    metrics (dict): What `update` returns.
    lost (List[Tuple[Doc, Doc, Doc]]): Texts with an old-label entity that only the base finds:
        the right one, the base's, and the updated pipeline's.
    output (Path): Output file, HTML.
    """
    page = template("update.html").render(
        metrics=metrics,
        measures=MEASURES,
        lost=[
            {"before": _draw(gold, before), "after": _draw(gold, after)}
            for gold, before, after in lost[:SHOWN]
        ],
        n_lost=len(lost),
    )
    with staged(output) as path:
        path.write_text(page, encoding="utf8")


def _draw(gold: Doc, predicted: Doc) -> Any:
    right = entities(gold)
    direction = gold.vocab.writing_system["direction"]
    marks = [
        Mark(start, end, label, *RIGHT if (start, end, label) in right else WRONG)
        for start, end, label in sorted(entities(predicted))
    ]
    return draw(predicted.text, marks, direction)


def _score(examples: List[Example]) -> Dict[str, Any]:
    scores = get_ner_prf(examples)
    return {key: scores[key] for key in SCORES}

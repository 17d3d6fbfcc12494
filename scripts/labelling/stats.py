"""What convert counts of the data, for its summary and for the report."""

from collections import Counter
from itertools import islice
from typing import Any, Dict, List, Sequence

import numpy as np
from spacy.tokens import Doc

from labelling.annotated import Annotated
from reading.splits import SIDES
from reading.suggestions import Suggestion, recent_yes, terms_pay

N_FORMS = 5  # of each rule
RULE_KEYS = ("id", "label", "pattern", "term", "marked")
# What becomes of a text that takes too long, behind all that the texts alone decide
LEFT_OUT = len(SIDES)


def make_stats(
    rules: List[Dict[str, Any]],
    sides: List[np.ndarray],
    counts: Dict[str, Counter],
    dev_and_test: Dict[str, List[Doc]],
    gold_docs: List[Doc],
    n_bad_spans: int,
    annotated: Annotated,
) -> Dict[str, Any]:
    """Put together what was counted.

    rules (List[dict]): The rules as people wrote them.
    sides (List[np.ndarray]): What has become of the raw texts, see `splits.split`.
    counts (Dict[str, Counter]): What was counted in train, see `labelling.write_shard`.
    dev_and_test (Dict[str, List[Doc]]): The docs of the other corpora.
    gold_docs (List[Doc]): All gold records.
    n_bad_spans (int): The number of gold spans that were left out.
    annotated (Annotated): What people annotated to learn from; it is counted in train, too.
    RETURNS (dict): What is printed and what the report shows, ready for JSON.
    """

    def count(name: str) -> Counter:
        return counts.get(name, Counter())

    numbers = np.bincount(np.concatenate(sides or [np.zeros(0, "uint8")]), minlength=LEFT_OUT + 1)
    read = {name: int(number) for name, number in zip(SIDES, numbers)}
    by_label: Counter = Counter()
    by_rule: Counter = Counter()
    for (label_, form, rule_id), number in count("forms").items():
        by_label[label_, form] += number
        by_rule[rule_id, form] += number
    forms, forms_of = _nested(by_label), _nested(by_rule)
    return {
        "texts": int(numbers.sum()),
        "dropped": {
            why: read[why] for why in ("empty", "duplicate", "in_gold", "annotated", "surplus")
        },
        "train": {
            "texts": count("totals")["texts"],
            "tokens": count("totals")["tokens"],
            "without_entities": count("totals")["without_entities"],
            "entities": dict(sorted(count("labels").items())),
            "forms": forms,
        },
        "dev": {"texts": len(dev_and_test["dev"])},
        "test": {"texts": len(dev_and_test["test"])},
        "gold": {
            "texts": len(gold_docs),
            "entities": _labels(gold_docs),
            "spans_left_out": n_bad_spans,
        },
        "annotated": {
            "texts": len(annotated.docs),
            "entities": _labels(annotated.docs),
            "in_gold": annotated.n_in_gold,
            "in_dev": len(annotated.dev),
            "spans_left_out": annotated.n_bad_spans,
        },
        "rules": [
            {
                **{key: rule[key] for key in RULE_KEYS if key in rule},
                "matches": count("matches")[rule["id"]],
                "entities": count("entities")[rule["id"]],
                "in_annotated": count("in_annotated")[rule["id"]],
                "right_in_annotated": count("right_in_annotated")[rule["id"]],
                "forms": dict(islice(forms_of.get(rule["id"], {}).items(), N_FORMS)),
            }
            for rule in rules
        ],
    }


def count_raw(counts: Dict[str, Counter]) -> Dict[str, int]:
    """RETURNS (dict): How many "texts" the rules labelled for train, and how many "with_match"."""
    totals = counts.get("totals", Counter())
    return {
        "texts": totals["texts"],
        "with_match": totals["texts"] - totals["without_entities"],
    }


def count_answers(answers: Sequence[Suggestion]) -> Dict[str, Any]:
    """RETURNS (dict): How many answers were "given", of how many "recent" ones "recent_yes" are yes, and
    whether more "pay"."""
    yes, recent = recent_yes(answers)
    given = sum(suggestion.answer is not None for suggestion in answers)
    return {"given": given, "recent": recent, "recent_yes": yes, "pay": terms_pay(answers)}


def _nested(counts: Counter) -> Dict[str, Dict[str, int]]:
    """RETURNS (Dict[str, Dict[str, int]]): By the first part of a key and its second, most frequent first."""
    nested: Dict[str, Dict[str, int]] = {}
    for (first, second), number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        nested.setdefault(first, {})[second] = number
    return nested


def _labels(docs: List[Doc]) -> Dict[str, int]:
    """RETURNS (Dict[str, int]): The number of entities by label."""
    return dict(sorted(Counter(ent.label_ for doc in docs for ent in doc.ents).items()))

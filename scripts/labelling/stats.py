"""What convert says of the data: counts, and warnings of what will make a poor model."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np
from spacy.tokens import Doc
from wasabi import msg

from labelling.annotated import Annotated
from reading.splits import SIDES
from reading.suggestions import Suggestion, recent_yes, terms_pay
from shared.likeness import unlike_gold
from shared.showing import printable, shorten, show_pattern

# The course: a few hundred to a few thousand examples
FEW_EXAMPLES = 300
PATTERN_WIDTH = 48
N_FORMS = 5  # of each rule
N_RULES = 15  # printed
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
                **{key: rule[key] for key in ("id", "label", "pattern", "term") if key in rule},
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


def print_summary(stats: Dict[str, Any], path: Path) -> None:
    """Print what was read, dropped and found, and warn of what will make a poor model.

    stats (dict): What `make_stats` made.
    path (Path): The file that it is in, for what doesn't fit here.
    """
    place = path.as_posix()
    train, dropped, gold = stats["train"], stats["dropped"], stats["gold"]
    annotated = stats["annotated"]
    labels = [f"{number} {printable(label_)}" for label_, number in train["entities"].items()]
    share = train["without_entities"] / train["texts"]
    source = "gold annotations" if gold["texts"] else "the rules' labels on held-out texts"
    if annotated["in_dev"]:
        source = f"annotated texts, and from {source}"
    rows = [
        ("Texts read", f"{stats['texts']:,}"),
        (
            "Dropped",
            f"{dropped['empty']:,} empty, {dropped['duplicate']:,} duplicate, "
            f"{dropped['in_gold']:,} in gold",
        ),
        ("Train", f"{train['texts']:,} texts, {train['tokens']:,} tokens"),
        ("Entities in train", ", ".join(labels)),
        ("Texts without entities", f"{train['without_entities']:,} ({share:.0%})"),
        ("Dev and test", f"{stats['dev']['texts']:,} and {stats['test']['texts']:,} texts"),
        ("", f"from {source}"),
    ]
    if annotated["texts"] or annotated["in_gold"]:
        by_people = f"{annotated['texts']:,} of the texts in train, by people"
        rows.insert(3, ("Annotated", by_people))
        rows.insert(4, ("", f"{dropped['annotated']:,} raw texts dropped for them"))
        more = f"{annotated['in_gold']:,} more are in gold, and left out"
        if annotated["in_dev"]:
            more = f"{annotated['in_dev']:,} more are dev, since there is no gold"
        rows.insert(5, ("", more))
        if annotated["texts"]:
            rows.insert(6, ("", f"each counts {annotated['copies']} time(s)"))
        if annotated["left_out"]:
            rows.insert(
                7, ("", f"{annotated['left_out']:,} texts without a match are left out, so")
            )
            rows.insert(8, ("", "that train has about the share of such texts that people show"))
    if dropped["surplus"]:
        rows.append(("", f"{dropped['surplus']:,} more texts would be, but these are enough"))
    if stats["left_out"]:
        rows.insert(2, ("Left out", f"{len(stats['left_out']):,} that took too long, see {place}"))
    msg.table(rows, divider=False)
    by_use = sorted(stats["rules"], key=lambda rule: -rule["entities"])
    used = [rule for rule in by_use if rule["matches"]]
    table = []
    for rule in used[:N_RULES]:
        table.append((printable(rule["id"]), _pattern(rule["pattern"]), f"{rule['entities']:,}"))
        forms = ", ".join(f"{form} ({number:,})" for form, number in rule["forms"].items())
        table.append(("", shorten(printable(forms), PATTERN_WIDTH), ""))
    msg.table(
        table,
        header=("Rule", "Pattern, and what it found most often", "Entities"),
        aligns=("l", "l", "r"),
        divider=True,
        max_col=PATTERN_WIDTH,
    )
    if len(used) > N_RULES:
        print(
            f"These {N_RULES} rules find most, {len(used) - N_RULES:,} more match: all are in {place}\n"
        )
    _warn(stats, place)


def _warn(stats: Dict[str, Any], place: str) -> None:
    train, gold, annotated = stats["train"], stats["gold"], stats["annotated"]
    unused = [rule for rule in stats["rules"] if not rule["matches"]]
    if unused:
        msg.warn(f"{len(unused)} rule(s) never match in train:")
        for rule in unused[:10]:
            print(f"  {printable(rule['id'])}  {_pattern(rule['pattern'])}")
        if len(unused) > 10:
            print(f"  ... and {len(unused) - 10} more, see {place}")
    examples = train["texts"] - train["without_entities"]
    if examples < FEW_EXAMPLES:
        msg.warn(
            f"Only {examples} texts with an entity to train on",
            f"A model wants some {FEW_EXAMPLES} to a few thousand. Add texts or patterns, or answer the "
            "terms of suggest.",
        )
    if not train["without_entities"]:
        msg.warn(
            "Every text has an entity",
            "Add texts without any: the model must learn what is none, too.",
        )
    known = {rule["label"] for rule in stats["rules"]}
    for label_ in sorted(known - set(train["entities"])):
        msg.warn(f"No entity {printable(label_)} in train", "Add patterns or texts for it.")
    if not gold["texts"]:
        msg.warn(
            "No gold annotations: scores will measure agreement with the rules, not accuracy",
            "To learn how good the result is, annotate 100 texts or more: "
            "python -m spacy project run annotate",
        )
        return
    if shares := unlike_gold(stats):
        msg.warn(
            f"The rules match in {shares[0]:.0%} of the gold texts, but in {shares[1]:.0%} of the raw ones",
            "Scores will be about other texts than the model learns from. Draw the texts to annotate at "
            "random from the raw ones.",
        )
    for label_ in sorted(set(gold["entities"]) - known - set(annotated["entities"])):
        msg.warn(
            f"No pattern has the label {printable(label_)} of the gold annotations",
            "Nothing can learn to find it. Add patterns for it, or take it out of gold.",
        )
    for label_ in sorted(known - set(gold["entities"])):
        msg.warn(
            f"No gold annotation has the label {printable(label_)} of the patterns",
            "What is found of it counts as wrong. Annotate it, or take out its patterns.",
        )
    for label_ in sorted(set(annotated["entities"]) - set(gold["entities"]) - known):
        msg.warn(
            f"No gold annotation has the label {printable(label_)} of the annotated texts",
            "What is found of it counts as wrong. Annotate it, or take it out of these.",
        )


def _pattern(pattern: Any) -> str:
    """RETURNS (str): The pattern, as it may be printed in a column."""
    return shorten(printable(show_pattern(pattern)), PATTERN_WIDTH)

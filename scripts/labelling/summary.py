"""What convert prints of the data: its counts, and warnings of what will make a poor model."""

from pathlib import Path
from typing import Any, Dict

from wasabi import msg

from shared.likeness import unlike_gold
from shared.showing import printable, shorten, show_pattern

# The course: a few hundred to a few thousand examples
FEW_EXAMPLES = 300
PATTERN_WIDTH = 48
N_RULES = 15  # printed


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
    # What people marked need not stand in other texts, and its labels may be those of no pattern
    rules = [rule for rule in stats["rules"] if "marked" not in rule]
    unused = [rule for rule in rules if not rule["matches"]]
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
    known = {rule["label"] for rule in rules}
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

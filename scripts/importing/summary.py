"""What an import found and did, and how that is told."""

from collections import Counter
from pathlib import Path
from typing import List, NamedTuple

from wasabi import msg

from shared.showing import printable

SHOWN = 20


class Result(NamedTuple):
    """What an import found and did.

    formats (List[str]): The formats it read.
    counts (Counter): Number of records that were "added", were there before ("known"), came
        twice ("repeated"), are in the other file ("other"), are "empty", or "differ".
    labels (Counter): Number of spans by label and the label they got.
    unused (List[str]): Labels to rename that no span has.
    skipped (List[str]): Records that could not be used, and why.
    left_out (List[str]): Spans that could not be used, and why.
    differing (List[str]): Records whose text is there with other annotations.
    """

    formats: List[str]
    counts: Counter
    labels: Counter
    unused: List[str]
    skipped: List[str]
    left_out: List[str]
    differing: List[str]


def print_result(result: Result, target: Path, other: Path) -> None:
    """Print what was found, skipped and added."""
    counts = result.counts
    rows = [
        ("Format", ", ".join(result.formats)),
        ("Added", f"{counts['added']:,} texts"),
        ("There before", f"{counts['known']:,}, {counts['differ']:,} with other annotations"),
        ("Twice in the file", f"{counts['repeated']:,}"),
        ("Skipped", f"{counts['empty']:,} empty, {len(result.skipped):,} for other reasons"),
        ("Spans left out", f"{len(result.left_out):,}"),
        (f"In {other.name}", f"{counts['other']:,}"),
    ]
    msg.table(rows, divider=False)
    labels = sorted(result.labels.items())
    table = [
        (printable(old), printable(new) or "(left out)", f"{number:,}")
        for (old, new), number in labels
    ]
    header = ("Label", "Becomes", "Spans")
    msg.table(table, header=header, aligns=("l", "l", "r"), divider=True, max_col=32)
    for title, lines in (
        ("Records that were skipped:", result.skipped),
        ("Spans that were left out:", result.left_out),
        ("Not added, since the text is there with other annotations:", result.differing),
    ):
        if lines:
            msg.warn(title)
            for line in some(lines):
                print("\n".join(f"  {_printable_line(part)}" for part in line.split("\n")))
    if result.unused:
        msg.warn(f"No span has the label {', '.join(map(printable, result.unused))}")
    if counts["other"]:
        msg.info(
            f"{counts['other']:,} text(s) are in {other.name}, too: what measures can't be learned "
            "from, so they are gold only."
        )
    if counts["added"]:
        msg.good(f"Added {counts['added']:,} record(s) to {target}. `run all` uses them.")
    else:
        msg.info(f"Nothing new: {target} is as it was")


def _printable_line(line: str) -> str:
    """RETURNS (str): The line as it may be printed, indented as it was."""
    return " " * (len(line) - len(line.lstrip(" "))) + printable(line)


def some(lines: List[str]) -> List[str]:
    """RETURNS (List[str]): The first lines, and how many more there are."""
    more = [f"... and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]

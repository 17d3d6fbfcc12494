"""What an import found and did, and how that is told."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

from wasabi import msg

from shared.showing import printable

SHOWN = 20


@dataclass
class Result:
    """What an import found and did.

    formats (List[str]): The formats it read.
    counted (List[str]): What offsets count in files where it is something else than characters.
    counts (Counter): Number of records that were "added", were there before ("known"), came
        twice ("repeated"), are in the other file ("other"), are "empty", or "differ".
    labels (Counter): Number of spans by label and the label they got.
    unused (List[str]): Labels to rename that no span has.
    skipped (List[str]): Records that could not be used, and why.
    left_out (List[str]): Spans that could not be used, and why.
    differing (List[str]): Records whose text is there with other annotations.
    foreign (Counter): Number of spans that were there before, by label, if neither the import nor the
        patterns have it.
    last_line (int): The number of the last line that was added.
    """

    formats: List[str]
    counted: List[str]
    counts: Counter = field(default_factory=Counter)
    labels: Counter = field(default_factory=Counter)
    unused: List[str] = field(default_factory=list)
    skipped: List[str] = field(default_factory=list)
    left_out: List[str] = field(default_factory=list)
    differing: List[str] = field(default_factory=list)
    foreign: Counter = field(default_factory=Counter)
    last_line: int = 0


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
    for line in result.counted:
        msg.info(printable(line))
    if result.foreign:
        shown = ", ".join(f"{printable(k)} ({n:,} spans)" for k, n in result.foreign.most_common())
        msg.warn(
            f"{target} has labels that neither these annotations nor your patterns have: {shown}",
            "Texts with them measure or teach as well: take out those that are not yours.",
        )
    if counts["added"]:
        first = result.last_line - counts["added"] + 1
        msg.good(
            f"Added {counts['added']:,} record(s) to {target}. `run all` uses them.",
            f"They are its lines {first} to {result.last_line}: delete these to undo the import.",
        )
    else:
        msg.info(f"Nothing new: {target} is as it was")


def _printable_line(line: str) -> str:
    """RETURNS (str): The line as it may be printed, indented as it was."""
    return " " * (len(line) - len(line.lstrip(" "))) + printable(line)


def some(lines: List[str]) -> List[str]:
    """RETURNS (List[str]): The first lines, and how many more there are."""
    more = [f"... and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]

"""Annotations as brat writes them: standoff files, an .ann beside each .txt."""

import re
from pathlib import Path
from typing import Dict, Iterator, List

from importing.records import Found, Skipped, squash
from reading.gold import Offsets, Record
from reading.lines import Line, check_text, files_in, read_lines
from shared.errors import InputError

# The files of a folder of brat's, .conf are its settings
BRAT_FILES = (".ann", ".txt", ".conf")
# T1<tab>ORG 0 4;10 14<tab>what is marked. Python makes no number of thousands of digits
SPAN = re.compile(r"(T\S*)\t(\S+) (\d{1,20} \d{1,20}(?:;\d{1,20} \d{1,20})*)(?:\t(.*))?")
# The other kinds: relations, events, attributes, notes, normalizations, equivalence
OTHER = tuple("REAMN#*.")


def read_brat(path: Path) -> Iterator[Found]:
    """Read brat's standoff files.

    path (Path): A folder with .ann and .txt files, or one .ann file.
    YIELDS (Found): A record a text.
    RAISES (InputError): If an annotation is broken or its text is missing.
    """
    files = files_in(path) if path.is_dir() else [path, path.with_suffix(".txt")]
    for file in files:
        if file.suffix == ".txt" and file.with_suffix(".ann") not in files:
            yield Skipped(Line(file, 1), "there is no .ann file for it")
        elif file.suffix == ".ann":
            if not file.with_suffix(".txt").is_file():
                raise InputError("Its .txt file is missing", file)
            yield _record(file)


def _record(path: Path) -> Record:
    text = "".join(line for _, line in read_lines(path.with_suffix(".txt")))
    text = check_text(Line(path.with_suffix(".txt"), 1), text)
    spans: Dict[Offsets, str] = {}
    problems: List[str] = []
    left_out: List[str] = []
    for where, line in read_lines(path):
        line = line.rstrip("\r\n")
        match = SPAN.fullmatch(line)
        if not line.strip() or (line.startswith(OTHER) and not match):
            continue
        if not match:
            raise where.error(
                f"Not an annotation of brat: {line!r:.60}",
                "An entity is T1, a tab, label, start and end, a tab, and its text.",
            )
        name, label, offsets, marked = match.groups()
        if ";" in offsets:
            left_out.append(f"{where.place}: {name} {marked or ''!r} is discontinuous")
            continue
        start, end = map(int, offsets.split())
        if marked is not None and squash(text[start:end]) != squash(marked):
            problems.append(
                f"{where.place}, characters {start} to {end}: {text[start:end]!r} is not what was "
                f"marked, the file says {marked!r}"
            )
            continue
        spans.setdefault((start, end, label), where.place)
    return Record(
        Line(path, 1, "text"), text, list(spans), tuple(problems), tuple(left_out), places=spans
    )

"""What is read from a file with annotations: records, and what can't be one and why."""

from typing import Any, List, NamedTuple, Union

from spacy.tokens import Doc

from reading.gold import Offsets, Record, offsets
from reading.lines import Line, check_text, clean


class Skipped(NamedTuple):
    """A record that can't be used as a whole, and why."""

    where: Line
    reason: str


class Marked(NamedTuple):
    """A record, and further spans of it that may count something else than characters."""

    record: Record
    spans: List[Offsets]


Found = Union[Record, Skipped]


def record_of(where: Line, doc: Doc) -> Found:
    """RETURNS (Found): The doc as a record, if it is annotated as a whole."""
    if len(doc) and not doc.has_annotation("ENT_IOB", require_complete=True):
        return Skipped(where, "not annotated, or only in part")
    text = check_text(where, doc.text)
    if doc.has_unknown_spaces or doc.text.endswith(" "):
        text = text.rstrip()  # spaCy sets a space behind every token that it knows nothing of
    return Record(where, text, offsets(doc))


def label_of(value: Any) -> str:
    """RETURNS (str): A label as it is in a file, "" if it is none, such as JSON's null."""
    return clean(value) if isinstance(value, str) else ""


def squash(text: str) -> str:
    """RETURNS (str): The text without white space, which formats keep or lose in different ways."""
    return "".join(text.split())


def move_spans(text: str, spans: List[Offsets], to: str) -> List[Offsets]:
    """RETURNS (List[Offsets]): The spans in a text that differs from the first in white space only."""
    places = [i for i, char in enumerate(to) if not char.isspace()]
    return [
        (places[len(squash(text[:start]))], places[len(squash(text[:end])) - 1] + 1, label)
        for start, end, label in spans
    ]

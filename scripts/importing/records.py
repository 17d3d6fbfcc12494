"""What is read from a file with annotations: records, and what can't be one and why."""

from typing import List, NamedTuple, Union

from spacy.tokens import Doc

from reading.gold import Offsets, Record, offsets
from reading.lines import Line, check_text


class Skipped(NamedTuple):
    """A record that can't be used as a whole, and why."""

    where: Line
    reason: str


Found = Union[Record, Skipped]


def record_of(where: Line, doc: Doc) -> Found:
    """RETURNS (Found): The doc as a record, if it is annotated as a whole."""
    if len(doc) and not doc.has_annotation("ENT_IOB", require_complete=True):
        return Skipped(where, "not annotated, or only in part")
    text = check_text(where, doc.text)
    if doc.has_unknown_spaces or doc.text.endswith(" "):
        text = text.rstrip()  # spaCy sets a space behind every token that it knows nothing of
    return Record(where, text, offsets(doc))


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

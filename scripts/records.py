"""What is read from a file with annotations: records, and what can't be one and why."""

from typing import List, NamedTuple, Tuple, Union

from spacy.tokens import Doc

from lines import Line, check_text

Span = Tuple[int, int, str]  # start and end in characters, label


class Record(NamedTuple):
    """An annotated text.

    where (Line): Where it is in the file.
    text (str): The text.
    spans (List[Span]): Its entities. Whether they fit the text's tokens is left to the caller.
    problems (Tuple[str, ...]): Spans that don't even fit the text.
    left_out (Tuple[str, ...]): Spans that no entity can be, and why.
    """

    where: Line
    text: str
    spans: List[Span]
    problems: Tuple[str, ...] = ()
    left_out: Tuple[str, ...] = ()


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
    return Record(where, text, [(e.start_char, e.end_char, e.label_) for e in doc.ents])


def squash(text: str) -> str:
    """RETURNS (str): The text without white space, which formats keep or lose in different ways."""
    return "".join(text.split())


def move_spans(text: str, spans: List[Span], to: str) -> List[Span]:
    """RETURNS (List[Span]): The spans in a text that differs from the first in white space only."""
    places = [i for i, char in enumerate(to) if not char.isspace()]
    return [
        (places[len(squash(text[:start]))], places[len(squash(text[:end])) - 1] + 1, label)
        for start, end, label in spans
    ]

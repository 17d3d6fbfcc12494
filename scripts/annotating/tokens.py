"""Texts as tokens for the page, and marks by token numbers: no page ever counts characters."""

from typing import Any, Dict, List, Tuple

from spacy.tokens import Doc, Span

from reading.lines import clean
from shared.errors import InputError

MAX_LABEL = 100
TokenSpan = Tuple[int, int, str]  # first token, token after the last, label


def tokens_of(doc: Doc) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The "words", the numbers of those with a space behind, the numbers
    of those that are nothing but "space", and the entities as "spans" by token numbers."""
    return {
        "words": [token.text for token in doc],
        "behind": [token.i for token in doc if token.whitespace_],
        "space": [token.i for token in doc if token.is_space],
        "spans": [(ent.start, ent.end, ent.label_) for ent in doc.ents],
    }


def spans_from(doc: Doc, marks: Any) -> List[Span]:
    """Make spans of what the page sent.

    doc (Doc): The text.
    marks (Any): What should be a list of marks, each first token, token after the last, label.
    RETURNS (List[Span]): The spans in the order of the text.
    RAISES (InputError): If a mark can't be an entity, or two overlap.
    """
    if not isinstance(marks, list) or not all(map(_is_mark, marks)):
        raise InputError("'spans' is no list of [first token, token after the last, label]")
    spans: List[Span] = []
    for start, end, label in sorted(marks, key=lambda mark: (mark[0], mark[1])):
        if not (spans[-1].end if spans else 0) <= start < end <= len(doc):
            raise InputError(f"The tokens {start} to {end} are not there, or marked twice")
        name = clean(label).strip()
        if not name or len(name) > MAX_LABEL:
            raise InputError(f"A label has 1 to {MAX_LABEL} characters")
        spans.append(Span(doc, start, end, name))
    for span in spans:
        if has_space_at_edge(span):
            raise InputError(f"{span.text!r:.80} begins or ends with white space")
    return spans


def has_space_at_edge(span: Span) -> bool:
    """RETURNS (bool): Whether the span begins or ends with a token of white space: training
    refuses such entities."""
    return span[0].is_space or span[-1].is_space


def _is_mark(mark: Any) -> bool:
    """RETURNS (bool): Whether this is two whole numbers and a string."""
    return isinstance(mark, list) and [type(part) for part in mark] == [int, int, str]

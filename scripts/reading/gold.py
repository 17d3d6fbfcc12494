"""Texts that people annotated, in Prodigy's format: every span checked before it measures or teaches."""

from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Tuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from wasabi import msg

from reading.lines import Line, check_text, clean, read_jsonl, string_of
from reading.splits import bare_hash, text_hash
from shared import watching
from shared.errors import InputError

Offsets = Tuple[int, int, str]  # start and end in characters, label


class Record(NamedTuple):
    """A text with the entities that a person marked.

    where (Line): Where it is in the file.
    text (str): The text.
    spans (List[Offsets]): Its entities. Whether they fit the text's tokens is left to the caller.
    problems (Tuple[str, ...]): Spans that don't even fit the text, from other formats.
    left_out (Tuple[str, ...]): Spans that no entity can be, and why, from other formats.
    places (Mapping[Offsets, str]): Where the spans are that have a line of their own.
    """

    where: Line
    text: str
    spans: List[Offsets]
    problems: Tuple[str, ...] = ()
    left_out: Tuple[str, ...] = ()
    places: Mapping[Offsets, str] = {}


def read_gold(path: Path) -> Iterator[Record]:
    """Stream hand-made annotations in Prodigy's JSONL format.

    Only records whose answer is "accept", or that have none, are used.

    path (Path): The .jsonl file.
    YIELDS (Record): Text and spans. Every span has integer offsets and a label, "" if it has
        none; whether they fit the text and its tokens is left to the caller.
    RAISES (InputError): If the file is missing or has a broken record.
    """
    for where, record in watching.lines(read_jsonl(path)):
        text = check_text(where, string_of(where, record, "text"))
        if record.get("answer", "accept") != "accept":
            continue
        spans = record.get("spans") or []
        if not isinstance(spans, list):
            raise where.error("'spans' is not a list")
        yield Record(where, text, [span_of(where, span) for span in spans])


def span_of(where: Line, span: Any) -> Offsets:
    """RETURNS (Offsets): Start, end and label of a span of Prodigy's format."""
    if not isinstance(span, dict):
        raise where.error("A span is no JSON object")
    start, end = span.get("start"), span.get("end")
    if type(start) is not int or type(end) is not int:
        raise where.error(f"A span has no whole numbers as start and end: {span!r:.80}")
    label = span.get("label")
    return start, end, clean(label) if isinstance(label, str) else ""


def prodigy(text: str, spans: Iterable[Offsets]) -> Dict[str, Any]:
    """RETURNS (dict): A text and its entities as a record of Prodigy's format."""
    keys = ("start", "end", "label")
    return {"text": text, "spans": [dict(zip(keys, span)) for span in spans]}


def offsets(doc: Doc) -> List[Offsets]:
    """RETURNS (List[Offsets]): Start, end and label of the doc's entities."""
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def load_gold(nlp: Language, path: Path, skip_bad_spans: bool) -> Tuple[List[Doc], int]:
    """Read the gold annotations and check each span.

    nlp (Language): Tokenizes the texts.
    path (Path): The gold annotations, JSONL.
    skip_bad_spans (bool): Warn of spans that can't be used instead of failing.
    RETURNS (Tuple[List[Doc], int]): The docs with entities (the first of equal texts, none
        for empty ones) and the Line they are from, `user_data["line"]`; the number of spans left out.
    RAISES (InputError): Naming the spans that can't be used, unless they are skipped.
    """
    docs: List[Doc] = []
    problems: List[str] = []
    first_use: Dict[bytes, Record] = {}
    for record in read_gold(path):
        if not record.text.strip():
            continue
        first = first_use.setdefault(text_hash(record.text), record)
        if first is not record:
            msg.warn(
                f"{path}, line {record.where.number}: the same text as on line "
                f"{first.where.number}; the first one is used"
            )
            continue
        doc, found = annotate(nlp, record)
        doc.user_data["line"] = record.where
        docs.append(doc)
        problems.extend(found)
    if problems:
        shown = problems[:20] + [f"... and {len(problems) - 20} more"] * (len(problems) > 20)
        title = f"{path}: {len(problems)} span(s) can't be used"
        if not skip_bad_spans:
            remedy = "Mend them, or leave them out with --vars.bad_spans skip"
            raise InputError("\n".join([title, *shown]), remedy=remedy)
        msg.warn(f"{title} and are left out:")
        print("\n".join(shown))
    return docs, len(problems)


def less_gold(docs: Iterable[Doc], gold: Iterable[str]) -> List[Doc]:
    """RETURNS (List[Doc]): The docs whose texts are none of the gold texts."""
    measured = set(map(bare_hash, gold))
    return [doc for doc in docs if bare_hash(doc.text) not in measured]


def skips(bad_spans: str) -> bool:
    """RETURNS (bool): What `vars.bad_spans` says, or an InputError if it is not fail or skip."""
    if bad_spans not in ("fail", "skip"):
        raise InputError(f"bad_spans is '{bad_spans}'", remedy="Set it to fail or skip.")
    return bad_spans == "skip"


def annotate(nlp: Language, record: Record) -> Tuple[Doc, List[str]]:
    """Make a doc of a text and its annotations.

    nlp (Language): Tokenizes the text.
    record (Record): Text and spans.
    RETURNS (Tuple[Doc, List[str]]): The doc with its entities, and what is wrong with others.
    """
    doc = nlp.make_doc(record.text)
    spans: List[Span] = []
    problems: List[str] = []
    for start, end, label in sorted(record.spans):
        problem = _problem(doc, start, end, label)
        if spans and start < spans[-1].end_char:
            problem = problem or f"overlaps {spans[-1].text!r}{_place_of(record, spans[-1])}"
        span = None if problem else doc.char_span(start, end, label)
        if span is not None:
            spans.append(span)
        else:
            place = record.places.get((start, end, label), record.where.place)
            place = f"{place}, characters {start} to {end}"
            problems.append(f"{place}: {doc.text[max(start, 0) : end]!r} {problem}")
    doc.set_ents(spans)
    return doc, problems


def _place_of(record: Record, span: Span) -> str:
    place = record.places.get((span.start_char, span.end_char, span.label_))
    return f" of {place}" if place else ""


def _problem(doc: Doc, start: int, end: int, label: str) -> str:
    """RETURNS (str): Why the span can't be an entity of the doc, or ""."""
    if not label.strip():
        return "has no label"
    if not 0 <= start < end <= len(doc.text):
        return f"is out of range, the text has {len(doc.text)} characters"
    if doc.char_span(start, end) is None:
        tokens = [token.text for token in doc if token.idx < end and start < token.idx + len(token)]
        return f"is not on token boundaries, the tokens are {tokens}"
    return ""

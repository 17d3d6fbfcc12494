"""Gold annotations as docs: every span checked before anything is measured against it."""

from pathlib import Path
from typing import Dict, List, Tuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from wasabi import msg

from common import InputError
from readers import Gold, read_gold
from splits import text_hash


def load_gold(nlp: Language, path: Path, skip_bad_spans: bool) -> Tuple[List[Doc], int]:
    """Read the gold annotations and check each span.

    nlp (Language): Tokenizes the texts.
    path (Path): The gold annotations, JSONL.
    skip_bad_spans (bool): Warn of spans that can't be used instead of failing.
    RETURNS (Tuple[List[Doc], int]): The docs with entities (the first of equal texts, none
        for empty ones), and the number of spans left out.
    RAISES (InputError): Naming the spans that can't be used, unless they are skipped.
    """
    docs: List[Doc] = []
    problems: List[str] = []
    first_use: Dict[bytes, Gold] = {}
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


def skips(bad_spans: str) -> bool:
    """RETURNS (bool): What `vars.bad_spans` says, or an InputError if it is not fail or skip."""
    if bad_spans not in ("fail", "skip"):
        raise InputError(f"bad_spans is '{bad_spans}'", remedy="Set it to fail or skip.")
    return bad_spans == "skip"


def annotate(nlp: Language, record: Gold) -> Tuple[Doc, List[str]]:
    """Make a doc of a text and its annotations.

    nlp (Language): Tokenizes the text.
    record (Gold): Text and spans.
    RETURNS (Tuple[Doc, List[str]]): The doc with its entities, and what is wrong with others.
    """
    doc = nlp.make_doc(record.text)
    spans: List[Span] = []
    problems: List[str] = []
    for start, end, label in sorted(record.spans):
        span = doc.char_span(start, end, label) if 0 <= start < end else None
        problem = _problem(doc, start, end, label)
        if spans and start < spans[-1].end_char:
            problem = problem or f"overlaps {spans[-1].text!r}"
        if span is not None and not problem:
            spans.append(span)
        else:
            place = f"{record.where.place}, characters {start} to {end}"
            problems.append(f"{place}: {doc.text[max(start, 0) : end]!r} {problem}")
    doc.set_ents(spans)
    return doc, problems


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

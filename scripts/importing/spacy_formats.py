"""Annotations in spaCy's own formats: the JSON of spaCy 2, by its converter, and .spacy files."""

from pathlib import Path
from typing import Any, Iterator, List, Sequence, Tuple

from spacy.tokens import DocBin
from spacy.training.converters import json_to_docs
from spacy.vocab import Vocab

from importing.records import Found, Skipped, label_of, move_spans, record_of, squash
from reading.gold import Record
from reading.lines import Line, check_text
from shared.errors import InputError
from shared.showing import printable


def read_spacy_json(path: Path, records: Sequence[Tuple[Line, Any]]) -> Iterator[Found]:
    """Read spaCy 2's JSON: documents with paragraphs, or [text, {"entities": [...]}] pairs.

    path (Path): The file.
    records (Sequence[Tuple[Line, Any]]): Its content.
    YIELDS (Found): The paragraphs or pairs.
    RAISES (InputError): If it is anything else.
    """
    number = 0
    for where, record in records:
        if isinstance(record, list):
            yield _pair(where, record)
            continue
        paragraphs = record.get("paragraphs") if isinstance(record, dict) else None
        if not isinstance(paragraphs, list):
            raise where.error("Neither a document with paragraphs nor a text with entities")
        docs = json_to_docs([record])
        for paragraph in paragraphs:
            number += 1
            place = Line(path, number, "paragraph")
            try:
                doc = next(docs)
            except Exception as error:  # of many types, for what has another structure
                message = (
                    f"Not spaCy's JSON ({type(error).__name__}: {printable(str(error))[:200]})"
                )
                raise place.error(message) from None
            yield _with_raw(record_of(place, doc), paragraph.get("raw"))


def _with_raw(found: Found, raw: Any) -> Found:
    """RETURNS (Found): The record with its raw text, if it has one.

    spaCy's converter loses white space in it that is no token.
    """
    if isinstance(found, Skipped) or not isinstance(raw, str):
        return found
    if squash(raw) != squash(found.text):
        raise found.where.error(f"'raw' is not what the tokens are: {raw!r:.60}")
    text = check_text(found.where, raw)
    return found._replace(text=text, spans=move_spans(found.text, found.spans, text))


def _pair(where: Line, record: List[Any]) -> Record:
    remedy = 'A record is [text, {"entities": [[start, end, label], ...]}].'
    try:
        text, annotations = record
        spans = [(start, end, label) for start, end, label in annotations["entities"]]
    except (ValueError, TypeError, KeyError):
        raise where.error("Not a text with entities", remedy) from None
    offsets = [offset for start, end, _ in spans for offset in (start, end)]
    if any(type(offset) is not int for offset in offsets) or not isinstance(text, str):
        raise where.error("The text is no string, or an offset no whole number", remedy)
    return Record(
        where, check_text(where, text), [(s, e, label_of(label)) for s, e, label in spans]
    )


def read_docbin(path: Path) -> Iterator[Found]:
    """Read a .spacy file.

    path (Path): The file.
    YIELDS (Found): Its docs.
    RAISES (InputError): If it is none.
    """
    try:
        docs = list(DocBin().from_disk(path).get_docs(Vocab()))
    except OSError:
        raise
    except Exception as error:  # of many types, from unpacking what is something else
        message = f"Not a .spacy file that spaCy can read ({printable(str(error))[:200]})"
        raise InputError(message, path) from None
    for number, doc in enumerate(docs, 1):
        yield record_of(Line(path, number, "doc"), doc)

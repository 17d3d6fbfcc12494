"""Annotations in the formats that `spacy convert` reads, by its converters, and in .spacy files."""

import re
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Sequence, Tuple

from spacy.tokens import Doc, DocBin
from spacy.training.converters import conll_ner_to_docs, iob_to_docs, json_to_docs
from spacy.training.converters.conllu_to_docs import read_conllx
from spacy.vocab import Vocab

from common import InputError
from lines import Line, check_text, read_lines
from records import Found, Record, Skipped, move_spans, squash

# IOB, IOB2 and BILUO, and BIOES, which has other letters for the same
TAG = re.compile(r"O|[BILUES]-\S+")
TO_BILUO = {"E": "L", "S": "U"}
# With spaCy's own pattern a label ends at the first character that is no capital
CONLLU_TAG = re.compile(r"^((?:name|NE)=)?([BILUES])-(\S+)$|^((?:name|NE)=)?O$")
CONLLU_ID = re.compile(r"\d+([-.]\d+)?")
NEW_DOCUMENT = "-DOCSTART- -X- O O"


class Sentence(NamedTuple):
    """Lines with a token each."""

    where: Line
    rows: List[List[str]]
    starts_document: bool


def read_columns(path: Path) -> Iterator[Found]:
    """Read a token a line with its tag in the last column, as in CoNLL-2003.

    path (Path): The file. An empty line ends a sentence.
    YIELDS (Found): The documents, or the sentences if there is no -DOCSTART-.
    RAISES (InputError): If a line has other columns than the one before, or no tag.
    """
    sentences = list(_column_sentences(path))
    has_documents = any(sentence.starts_document for sentence in sentences)
    documents: List[List[Sentence]] = []
    for sentence in sentences:
        if sentence.starts_document or not has_documents or not documents:
            documents.append([])
        documents[-1].append(sentence)
    # spaCy would split a token at its white space and lose the second part
    usable = [not any(_has_space(sentence) for sentence in group) for group in documents]
    data = [
        "\n\n".join([NEW_DOCUMENT, *("\n".join(map(" ".join, s.rows)) for s in group)])
        for group, is_usable in zip(documents, usable)
        if is_usable
    ]
    docs = conll_ner_to_docs("\n\n".join(data), n_sents=0, no_print=True)
    for group, is_usable in zip(documents, usable):
        where = group[0].where
        yield _record(where, next(docs)) if is_usable else Skipped(where, "white space in a token")


def _column_sentences(path: Path) -> Iterator[Sentence]:
    rows: List[List[str]] = []
    first, n_columns, starts_document = Line(path, 1), 0, False
    for where, line in [*read_lines(path), (first, "")]:
        columns = line.strip().split("\t") if "\t" in line.strip() else line.split()
        if columns and columns[0] != "-DOCSTART-":
            is_tagged = len(columns) > 1 and TAG.fullmatch(columns[-1])
            if not rows:
                if columns[0].startswith("#") and not is_tagged:
                    continue  # a comment before a sentence
                first, n_columns = where, len(columns)
            if not is_tagged:
                raise where.error(
                    f"No tag such as O or B-ORG at the end of the line: {line.strip()!r:.60}",
                    "A line has a token, its tag last, and white space between.",
                )
            if len(columns) != n_columns:
                raise where.error(f"{len(columns)} columns, and {n_columns} on the line before")
            rows.append([columns[0].strip(), _biluo(columns[-1])])
        elif rows:
            yield Sentence(first, rows, starts_document)
            rows, starts_document = [], False
        if columns and columns[0] == "-DOCSTART-":
            starts_document = True


def read_iob(path: Path) -> Iterator[Found]:
    """Read a sentence a line, its tokens as token|tag or token|part-of-speech|tag.

    path (Path): The file.
    YIELDS (Found): The sentences.
    RAISES (InputError): If a token has no tag, or other parts than the one before.
    """
    for where, line in read_lines(path):
        tokens = [token.split("|") for token in line.split()]
        for parts in tokens:
            if len(parts) not in (2, 3) or not TAG.fullmatch(parts[-1]) or not parts[0]:
                raise where.error(
                    f"No token with a tag: {'|'.join(parts)!r:.60}",
                    "Tokens are written as token|tag or token|part-of-speech|tag.",
                )
            if len(parts) != len(tokens[0]):
                raise where.error("Some tokens of the line have two parts, others three")
            parts[-1] = _biluo(parts[-1])
        if tokens:
            [doc] = iob_to_docs(" ".join(map("|".join, tokens)), n_sents=1, no_print=True)
            yield _record(where, doc)


def read_conllu(path: Path) -> Iterator[Found]:
    """Read CoNLL-U with entities in the last column: name=B-ORG, NE=B-ORG or B-ORG.

    path (Path): The file.
    YIELDS (Found): The sentences. What is written as one word is one token.
    RAISES (InputError): If a line has not ten columns, or no sentence has a tag.
    """
    sentences = list(_conllu_sentences(path))
    if not any(CONLLU_TAG.match(m) for s in sentences for row in s.rows for m in row[9].split("|")):
        raise InputError(
            "No entities",
            path,
            remedy="They are read from the last column, where they are written as name=B-ORG, "
            "NE=B-ORG or B-ORG, and O.",
        )
    lines = "\n\n".join("\n".join(map("\t".join, sentence.rows)) for sentence in sentences)
    docs = read_conllx(lines, merge_subtokens=True, ner_tag_pattern=CONLLU_TAG)
    for where, _, _ in sentences:
        try:
            doc = next(docs)
        except Exception as error:  # of many types, for what CoNLL-U does not allow
            raise where.error(f"Not valid CoNLL-U ({_one_line(error)})") from None
        yield _record(where, doc)


def _conllu_sentences(path: Path) -> Iterator[Sentence]:
    rows: List[List[str]] = []
    first = Line(path, 1)
    for where, line in [*read_lines(path), (first, "")]:
        line = line.rstrip("\r\n")
        if not line.strip():
            if rows:
                yield Sentence(first, rows, False)
                rows = []
            continue
        if line.startswith("#") and not rows:
            continue
        columns = line.split("\t")
        if len(columns) != 10 or not CONLLU_ID.fullmatch(columns[0]):
            raise where.error(
                f"Not a line of CoNLL-U: {line!r:.60}",
                "A line has a number and nine more columns with tabs between them.",
            )
        if not rows:
            first = where
        columns[9] = "|".join(map(_conllu_tag, columns[9].split("|")))
        rows.append(columns)


def _conllu_tag(part: str) -> str:
    """RETURNS (str): A part of the last column, with BIOES tags as BILUO."""
    match = CONLLU_TAG.match(part)
    if not match or not match[2]:
        return part
    return f"{match[1] or ''}{_biluo(f'{match[2]}-{match[3]}')}"


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
                message = f"Not spaCy's JSON ({type(error).__name__}: {_one_line(error)})"
                raise place.error(message) from None
            yield _with_raw(_record(place, doc), paragraph.get("raw"))


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
    return Record(where, check_text(where, text), [(s, e, str(label)) for s, e, label in spans])


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
        message = f"Not a .spacy file that spaCy can read ({_one_line(error)})"
        raise InputError(message, path) from None
    for number, doc in enumerate(docs, 1):
        yield _record(Line(path, number, "doc"), doc)


def _record(where: Line, doc: Doc) -> Found:
    if len(doc) and not doc.has_annotation("ENT_IOB", require_complete=True):
        return Skipped(where, "not annotated, or only in part")
    text = check_text(where, doc.text)
    if doc.has_unknown_spaces or doc.text.endswith(" "):
        text = text.rstrip()  # spaCy sets a space behind every token that it knows nothing of
    return Record(where, text, [(e.start_char, e.end_char, e.label_) for e in doc.ents])


def _has_space(sentence: Sentence) -> bool:
    return any(len(token.split()) != 1 for token, _ in sentence.rows)


def _biluo(tag: str) -> str:
    return TO_BILUO.get(tag[0], tag[0]) + tag[1:]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

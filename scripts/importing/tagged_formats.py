"""Annotations as a tag a token: columns as in CoNLL-2003, IOB, CoNLL-U, by spaCy's converters."""

import re
from pathlib import Path
from typing import Iterator, List, NamedTuple

from spacy.training.converters import conll_ner_to_docs, iob_to_docs
from spacy.training.converters.conllu_to_docs import read_conllx

from importing.records import Found, Skipped, record_of
from reading.lines import Line, read_lines
from shared.errors import InputError
from shared.showing import printable

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
        yield (
            record_of(where, next(docs)) if is_usable else Skipped(where, "white space in a token")
        )


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
            yield record_of(where, doc)


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
            raise where.error(f"Not valid CoNLL-U ({printable(str(error))[:200]})") from None
        yield record_of(where, doc)


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


def _has_space(sentence: Sentence) -> bool:
    return any(len(token.split()) != 1 for token, _ in sentence.rows)


def _biluo(tag: str) -> str:
    return TO_BILUO.get(tag[0], tag[0]) + tag[1:]

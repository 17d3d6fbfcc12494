"""Readers for everything in assets/: texts, patterns, gold annotations, answers to suggestions.

Each streams its file and raises an InputError that names file and line if the content is not usable.
"""

import csv
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from common import InputError
from lines import Line, check_text, clean, file_type, files_in, read_jsonl, read_lines, string_of

TEXT_FORMATS = (".jsonl", ".txt", ".csv", ".tsv")
# The default of 131,072 characters would refuse long texts
csv.field_size_limit(2**31 - 1)


class Gold(NamedTuple):
    """A text with the entities that a person marked, as (start, end, label) in characters."""

    where: Line
    text: str
    spans: List[Tuple[int, int, str]]


def text_files(path: Path) -> List[Path]:
    """List the files that texts are read from.

    path (Path): A file, or a folder.
    RETURNS (List[Path]): The file, or the folder's files in the order of their names, hidden
        ones passed over.
    RAISES (InputError): If a folder has none.
    """
    path = Path(path)
    if not path.is_dir():
        return [path]
    files = files_in(path)
    if not files:
        raise InputError("The folder holds no files", path, remedy=_formats())
    return files


def read_texts(path: Path, start: int = 0, end: Optional[int] = None) -> Iterator[Tuple[Line, str]]:
    """Stream the texts of a .jsonl, .txt, .csv or .tsv file (also .gz), or of a folder of these.

    path (Path): The file or folder, see `text_files`.
    start (int): The byte where to start in a .jsonl or .txt file. Lines count from there.
    end (Optional[int]): The byte where to end.
    YIELDS (Tuple[Line, str]): Where the text is, and the text.
    RAISES (InputError): If the file is missing, of another type, or has a broken record.
    """
    return ((where, record["text"]) for where, record in read_records(path, start, end))


def read_records(
    path: Path, start: int = 0, end: Optional[int] = None
) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    """Stream texts as `read_texts` does, each with the other keys or columns it came with.

    YIELDS (Tuple[Line, Dict[str, Any]]): Where the text is, and what the line or row holds, by
        key or column; "text" is the text.
    """
    path = Path(path)
    if path.is_dir():
        for file in text_files(path):
            yield from read_records(file)
        return
    suffix = file_type(path)
    if suffix == ".jsonl":
        records = read_jsonl(path, start, end)
    elif suffix == ".txt":
        lines = read_lines(path, start, end)
        records = ((where, {"text": line.rstrip("\r\n")}) for where, line in lines)
    elif suffix in (".csv", ".tsv"):
        records = _read_table(path, "," if suffix == ".csv" else "\t")
    else:
        raise InputError(f"Unknown file type '{suffix}'", path, remedy=_formats())
    for where, record in records:
        record["text"] = check_text(where, string_of(where, record, "text"))
        yield where, record


def read_gold(path: Path) -> Iterator[Gold]:
    """Stream hand-made annotations in Prodigy's JSONL format.

    Only records whose answer is "accept", or that have none, are used.

    path (Path): The .jsonl file.
    YIELDS (Gold): Text and spans. Every span has integer offsets and a label, "" if it has
        none; whether they fit the text and its tokens is left to the caller.
    RAISES (InputError): If the file is missing or has a broken record.
    """
    for where, record in read_jsonl(path):
        text = check_text(where, string_of(where, record, "text"))
        if record.get("answer", "accept") != "accept":
            continue
        spans = record.get("spans") or []
        if not isinstance(spans, list):
            raise where.error("'spans' is not a list")
        yield Gold(where, text, [span_of(where, span) for span in spans])


def read_patterns(path: Path) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    """Stream match patterns in the format of EntityRuler and Prodigy.

    path (Path): The .jsonl file.
    YIELDS (Tuple[Line, dict]): Where the pattern is, and its "label", its "pattern" (a
        string or a list of token descriptions) and its "id", if it has one.
    RAISES (InputError): If the file is missing or has a broken record.
    """
    for where, record in read_jsonl(path):
        label = string_of(where, record, "label")
        pattern = record.get("pattern")
        remedy = (
            'A pattern is a string or a list of token descriptions: {"label": "GADGET", '
            '"pattern": [{"LOWER": "iphone"}, {"IS_DIGIT": true}]}'
        )
        if not label.strip():
            raise where.error("The pattern has an empty label", remedy)
        if not isinstance(pattern, (str, list)):
            raise where.error("'pattern' is missing, or no string or list", remedy)
        if not pattern or (isinstance(pattern, str) and not pattern.strip()):
            raise where.error("The pattern is empty", remedy)
        rule = {"label": clean(label), "pattern": pattern}
        if isinstance(pattern, str):
            rule["pattern"] = clean(pattern)
        if record.get("id") is not None:
            rule["id"] = clean(str(record["id"]))
        yield where, rule


def read_suggestions(path: Path) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    """Stream suggested terms with the answers that people gave.

    path (Path): The .jsonl file.
    YIELDS (Tuple[Line, dict]): Where the suggestion is, and the record: "text", "label",
        "answer" (None, "accept", "reject" or "ignore"), and what else it holds.
    RAISES (InputError): If the file is missing or has a broken record.
    """
    for where, record in read_jsonl(path):
        for key in ("text", "label"):
            if not string_of(where, record, key).strip():
                raise where.error(f"'{key}' is empty")
        if record.get("answer") not in (None, "accept", "reject", "ignore"):
            raise where.error(
                f"Unknown answer {record['answer']!r}",
                "An answer is null, accept, reject or ignore.",
            )
        yield where, record


def _read_table(path: Path, delimiter: str) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    rows = csv.reader((line for _, line in read_lines(path)), delimiter=delimiter, strict=True)
    columns: List[str] = []
    try:
        for row in rows:
            if not row:
                continue
            where = Line(path, rows.line_num)
            if not columns:
                if "text" not in row:
                    raise where.error(
                        f"No column 'text' among: {', '.join(row)}",
                        "Give the column with the texts the heading text.",
                    )
                columns = row
                continue
            record = dict(zip(columns, row))
            if "text" not in record:
                raise where.error("The row is too short to have a text")
            yield where, record
    except csv.Error as error:
        raise InputError(
            f"Broken table row ({error})",
            path,
            rows.line_num,
            "Put texts that hold quotes, separators or line breaks in double quotes, and "
            "write a quote in them as two.",
        ) from None


def span_of(where: Line, span: Any) -> Tuple[int, int, str]:
    """RETURNS (Tuple[int, int, str]): Start, end and label of a span of Prodigy's format."""
    if not isinstance(span, dict):
        raise where.error("A span is no JSON object")
    start, end = span.get("start"), span.get("end")
    if type(start) is not int or type(end) is not int:
        raise where.error(f"A span has no whole numbers as start and end: {span!r:.80}")
    label = span.get("label")
    return start, end, clean(label) if isinstance(label, str) else ""


def _formats() -> str:
    return f"Texts are read from {', '.join(TEXT_FORMATS)}, each also as .gz, or a folder of these."

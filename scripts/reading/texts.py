"""Readers for everything in assets/: texts, patterns, gold annotations, answers to suggestions.

Each streams its file and raises an InputError that names file and line if the content is not usable.
"""

import csv
import re
from itertools import accumulate
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from reading.lines import (
    Line,
    check_text,
    file_type,
    files_in,
    read_jsonl,
    read_lines,
    repeated,
    string_of,
)
from shared.errors import InputError

TEXT_FORMATS = (".jsonl", ".txt", ".csv", ".tsv")
# The default of 131,072 characters would refuse long texts
csv.field_size_limit(2**31 - 1)


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


def _read_table(path: Path, delimiter: str) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    """YIELDS (Tuple[Line, Dict[str, Any]]): Where a row starts, and its cells by column."""
    row_lines: List[str] = []  # of the row that is being read

    def lines() -> Iterator[str]:
        for _, line in read_lines(path):
            row_lines.append(line)
            yield line

    rows = csv.reader(lines(), delimiter=delimiter, strict=True)
    columns: List[str] = []
    try:
        for row in rows:
            where = Line(path, rows.line_num - len(row_lines) + 1)
            row_lines.clear()
            if not row:
                continue
            if columns:
                yield where, _cells(where, columns, row)
            else:
                columns = _columns(where, row)
    except csv.Error as error:
        number = rows.line_num - len(row_lines) + 1
        raise InputError(
            f"Broken table row ({error})",
            path,
            number + _broken_cell(row_lines, delimiter),
            "Put texts that hold quotes, separators or line breaks in double quotes, and "
            "write a quote in them as two. A quote that opens a text must be closed.",
        ) from None


def _columns(where: Line, row: List[str]) -> List[str]:
    if "text" not in row:
        raise where.error(
            f"No column 'text' among: {', '.join(row)}",
            "Give the column with the texts the heading text.",
        )
    twice = repeated(row)
    if twice is not None:
        raise where.error(
            f"Two columns have the heading '{twice}'", "Give each a heading of its own."
        )
    return row


def _cells(where: Line, columns: List[str], row: List[str]) -> Dict[str, Any]:
    if any(row[len(columns) :]):
        raise where.error(
            f"The row has {len(row)} cells, and the heading {len(columns)}",
            "Put texts that hold separators in double quotes, and give every column a heading.",
        )
    record = dict(zip(columns, row))
    if "text" not in record:
        raise where.error("The row is too short to have a text")
    return record


def _broken_cell(lines: List[str], delimiter: str) -> int:
    """RETURNS (int): How many lines of a broken row are before the cell that is not closed, or that
    goes on after its closing quote."""
    cell = re.compile(rf'("[^"]*(""[^"]*)*"|[^"{delimiter}][^{delimiter}]*|){delimiter}')
    row = "".join(lines)
    start = 0
    while match := cell.match(row, start):
        start = match.end()
    ends = accumulate(map(len, lines))
    return sum(end <= start for end in ends)


def _formats() -> str:
    return f"Texts are read from {', '.join(TEXT_FORMATS)}, each also as .gz, or a folder of these."


# Bytes of a file, or characters. A block makes one shard, so this bounds what memory holds.
BLOCK_SIZE = 2**19
# What a string takes besides its characters
STRING_SIZE = 64


class Block(NamedTuple):
    """A part of a file with whole lines, or the texts themselves where lines are not records."""

    path: Path
    start: int = 0
    end: Optional[int] = None
    texts: Optional[List[str]] = None

    def read(self) -> Iterator[str]:
        """YIELDS (str): The texts.

        RAISES (InputError): If something is not usable. It counts the lines from the block's
            start, so that only `read_texts` of the whole can tell which it is.
        """
        if self.texts is not None:
            return iter(self.texts)
        return (text for _, text in read_texts(self.path, self.start, self.end))


def read_blocks(path: Path) -> Iterator[Block]:
    """Cut texts into blocks, always into the same, reading no more than needs be.

    Files with a record a line are only looked at where they are cut: who gets a block reads it. A
    record of a table may have several lines, and a compressed file can't be entered in the
    middle, so of these the texts are read here and handed out.

    path (Path): A file or folder that `read_texts` understands.
    YIELDS (Block): The blocks in order.
    RAISES (InputError): If a file is missing, or has a broken record and is not cut by lines.
    """
    for file in text_files(path):
        if file.suffix in (".jsonl", ".txt"):
            yield from _cut(file)
        else:
            yield from _collect(file)


def _cut(path: Path) -> Iterator[Block]:
    if not path.is_file():
        yield Block(path)  # whoever reads it says what is wrong
        return
    size = path.stat().st_size
    start = 0
    while size - start > BLOCK_SIZE:
        with path.open("rb") as file:
            file.seek(start + BLOCK_SIZE - 1)
            file.readline()
            end = file.tell()
        yield Block(path, start, end)
        start = end
    if start < size:
        yield Block(path, start, size)


def _collect(path: Path) -> Iterator[Block]:
    texts: List[str] = []
    total = 0
    for _, text in read_texts(path):
        texts.append(text)
        total += len(text) + STRING_SIZE
        if total >= BLOCK_SIZE:
            yield Block(path, texts=texts)
            texts, total = [], 0
    if texts:
        yield Block(path, texts=texts)

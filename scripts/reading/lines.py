"""Text files of lines and JSON records, and errors that say where in them something is wrong."""

import gzip
import json
import re
import zlib
from collections import Counter
from math import isinf
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from wasabi import msg

from shared.errors import InputError, naming
from shared.showing import printable
from shared.writing import staged

# UTF-8 has no way to write these, so spaCy can't store them. JSON escapes can produce them.
LONE_SURROGATES = re.compile("[\ud800-\udfff]")
# spaCy refuses longer ones, since a parser or an entity recognizer would want very much memory
MAX_CHARACTERS = 1_000_000


class Line(NamedTuple):
    """Where a record comes from, for messages."""

    path: Path
    number: int
    unit: str = "line"  # what is counted: lines, or what a format has instead

    @property
    def place(self) -> str:
        """RETURNS (str): Where in the file it is."""
        return f"{self.unit} {self.number}"

    def error(self, message: str, remedy: str = "") -> InputError:
        return InputError(message, self.path, self.number, remedy, self.unit)


def files_in(folder: Path) -> List[Path]:
    """RETURNS (List[Path]): The files below a folder in the order of their names, no hidden ones.

    RAISES (InputError): If a link in it leads to no file, since it would be passed over.
    """
    files = []
    for file in sorted(folder.rglob("*")):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        if file.is_file():
            files.append(file)
        elif file.is_symlink():
            raise InputError(
                "The link leads to no file",
                file,
                remedy="Mend or delete it. Links to folders are not followed.",
            )
    return files


def file_type(path: Path) -> str:
    """RETURNS (str): The ending of the file's name, without .gz."""
    return Path(path.stem).suffix if path.suffix == ".gz" else path.suffix


def read_lines(path: Path, start: int = 0, end: Optional[int] = None) -> Iterator[Tuple[Line, str]]:
    """YIELDS (Tuple[Line, str]): The lines of a text file, which may be a .gz, with their ends.

    RAISES (InputError): If the file is missing, no UTF-8, or a broken .gz.
    """
    number = 0
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with naming(path), opened(path, "rb") as file:
            if start:
                file.seek(start)
            position = start
            for number, raw in enumerate(_raw_lines(file), 1):
                # Some editors put a byte order mark before the first line
                line = raw.decode("utf-8" if position else "utf-8-sig")
                yield Line(path, number), line
                position += len(raw)
                if end is not None and position >= end:
                    break
    except FileNotFoundError:
        raise InputError(
            "The file does not exist",
            path,
            remedy="Check the path, and in project.yml or on the command line the variable "
            "that names it.",
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"Not UTF-8: {error.reason} at byte {error.start + 1} of the line",
            path,
            number,
            "Save the file with the encoding UTF-8.",
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"The gzip file is broken or ends early ({error})",
            path,
            number + 1,
            "Get or compress the file again.",
        ) from None


def _raw_lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """YIELDS (bytes): The lines, also where a carriage return alone ends them."""
    for line in file:
        if b"\r" in line:
            yield from line.splitlines(keepends=True)
        else:
            yield line


def _object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError(f"the key {repeated(key for key, _ in pairs)!r:.40} is there twice")
    return record


def _number(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(f"the number {text:.40} is too large")
    return number


# Python's own takes the last of two values, and infinity for a large number
DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number)


def repeated(names: Iterable[str]) -> Optional[str]:
    """RETURNS (Optional[str]): The name that is there most often, None if each is there once."""
    [(name, number)] = Counter(names).most_common(1) or [("", 0)]
    return name if number > 1 else None


def read_jsonl(
    path: Path, start: int = 0, end: Optional[int] = None
) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    """YIELDS (Tuple[Line, dict]): The records of a file with a JSON object a line.

    RAISES (InputError): If a line is none.
    """
    path = Path(path)
    for where, line in read_lines(path, start, end):
        if not line.strip():
            continue
        try:
            record = DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            raise where.error(
                f"Broken JSON ({error})", "Write one complete JSON object a line."
            ) from None
        if not isinstance(record, dict):
            raise where.error("The line is no JSON object", 'Write lines such as {"text": "..."}.')
        yield where, record


def string_of(where: Line, record: Dict[str, Any], key: str) -> str:
    """RETURNS (str): The value of the key, or an InputError if it is missing or no string."""
    value = record.get(key)
    if not isinstance(value, str):
        problem = "is missing" if value is None else f"is no string: {value!r:.40}"
        raise where.error(f"'{key}' {problem}")
    return value


def check_text(where: Line, text: str) -> str:
    """RETURNS (str): The text as spaCy can take it, or an InputError if it is too long."""
    if len(text) > MAX_CHARACTERS:
        raise where.error(
            f"The text has {len(text):,} characters",
            f"spaCy takes {MAX_CHARACTERS:,} at most: split it, e.g. into paragraphs.",
        )
    return clean(text)


def clean(text: str) -> str:
    """Replace what UTF-8 can't express, one character by one, so that offsets stay true."""
    return LONE_SURROGATES.sub("\ufffd", text)


def append_records(path: Path, records: Iterable[Dict[str, Any]]) -> None:
    """Add lines to the suggestions and leave the ones that are there as they are, byte for byte.

    path (Path): The suggestions, JSONL. Made if it is missing.
    records (Iterable[Dict[str, Any]]): What to add.
    """
    with staged(path) as temporary:  # before it is read, so that two runs both add theirs
        content = path.read_bytes() if path.exists() else b""
        if content and not content.endswith(b"\n"):
            content += b"\n"
        temporary.write_bytes(content + b"".join(dump(record) + b"\n" for record in records))


def make_missing(*paths: Path) -> None:
    """Make empty files where there are none, and say so: nobody needs to have answered or annotated
    anything yet. Not for gold, since scores without it mean something else.

    paths (Path): Answers to suggestions, or texts to learn from.
    """
    for path in paths:
        # A link that leads nowhere is a mistake
        if not path.exists() and not path.is_symlink():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            msg.info(f"{printable(path.as_posix())} was missing. An empty file is there now.")


def dump(record: Dict[str, Any]) -> bytes:
    # Half a character can stand in JSON as an escape, but not in UTF-8
    return json.dumps(record, ensure_ascii=False).encode("utf8", "backslashreplace")

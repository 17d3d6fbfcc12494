"""Which format a file with annotations is in, and what reads it."""

import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from importing.records import Found
from importing.spacy_formats import read_docbin, read_spacy_json
from importing.tagged_formats import CONLLU_ID, read_columns, read_conllu, read_iob
from importing.tool_formats import read_brat, read_doccano, read_label_studio, read_prodigy
from reading.lines import Line, file_type, files_in, read_jsonl, read_lines
from shared.errors import InputError

AUTO = "auto"
# What reads a whole file, and what reads a JSON object
FILES: Dict[str, Callable[[Path], Iterator[Found]]] = {
    "conll": read_columns,
    "iob": read_iob,
    "conllu": read_conllu,
    "spacy": read_docbin,
    "brat": read_brat,
}
OBJECTS: Dict[str, Callable[[Line, Dict[str, Any]], Found]] = {
    "prodigy": read_prodigy,
    "doccano": read_doccano,
    "label-studio": read_label_studio,
}
FORMATS = (*FILES, *OBJECTS, "spacy-json")
BY_ENDING = {".spacy": "spacy", ".ann": "brat", ".conllu": "conllu", ".conllubio": "conllu"}
# By these two `spacy convert` tells the formats apart; here with the letters of all schemes
IOB = re.compile(r"\S+\|(O|[BILUES]-\S+)(\s|$)")
COLUMNS = re.compile(r"\S+\s+(O|[BILUES]-\S+)$")


def read_annotations(path: Path, name: str = AUTO) -> Tuple[List[str], List[Found]]:
    """Read all annotations of a file or folder.

    path (Path): The file, or a folder of files that can each be read, or of brat's files.
    name (str): One of FORMATS, or "auto" to tell it by name and content.
    RETURNS (Tuple[List[str], List[Found]]): The names of the formats, and what was found.
    RAISES (InputError): If the format can't be told or a file is broken.
    """
    if name not in (AUTO, *FORMATS):
        raise InputError(f"There is no format '{name}'", remedy=_formats())
    if not path.exists():
        raise InputError("The file does not exist", path, remedy="Check vars.source.")
    files = files_in(path) if path.is_dir() else [path]
    if path.is_dir() and name == AUTO and any(file.suffix == ".ann" for file in files):
        name = "brat"
    if name == "brat" or not path.is_dir():
        files = [path]
    used: List[str] = []
    found: List[Found] = []
    for file in files:
        format_, items = _read_file(file, name)
        used += [format_] if format_ not in used else []
        found += items
    return used, found


def _read_file(path: Path, name: str) -> Tuple[str, List[Found]]:
    if name == AUTO:
        name = BY_ENDING.get(file_type(path), AUTO)
    if name == AUTO and file_type(path) not in (".json", ".jsonl"):
        name = _by_lines(path)
    if name in FILES:
        return name, list(FILES[name](path))
    records = list(_json_records(path))
    if name == AUTO:
        name = _by_content(path, [record for _, record in records])
    if name == "spacy-json":
        return name, list(read_spacy_json(path, records))
    for where, record in records:
        if not isinstance(record, dict):
            raise where.error("The record is no JSON object")
    return name, [OBJECTS[name](where, record) for where, record in records]


def _by_lines(path: Path) -> str:
    """RETURNS (str): The format of a file with tokens and tags."""
    lines = [line for _, line in read_lines(path) if line.strip() and not line.startswith("#")]
    for line in lines[:50]:
        columns = line.rstrip("\r\n").split("\t")
        if len(columns) == 10 and CONLLU_ID.fullmatch(columns[0]):
            return "conllu"
        if COLUMNS.search(line.strip()):
            return "conll"
        if IOB.search(line):
            return "iob"
    raise _unknown(path)


def _by_content(path: Path, records: Sequence[Any]) -> str:
    """RETURNS (str): The format of JSON, by the first record that shows it."""
    for record in records:
        if isinstance(record, list):
            return "spacy-json"
        if not isinstance(record, dict):
            continue
        if "paragraphs" in record:
            return "spacy-json"
        if isinstance(record.get("data"), dict) or "annotation_id" in record:
            return "label-studio"
        if "spans" in record or "answer" in record:
            return "prodigy"
        items = [record[key] for key in ("label", "labels", "entities") if key in record]
        if any(isinstance(item, list) for item in items):
            is_region = any(isinstance(x, dict) and "labels" in x for item in items for x in item)
            return "label-studio" if is_region else "doccano"
    raise _unknown(path)


def _json_records(path: Path) -> Iterator[Tuple[Line, Any]]:
    """YIELDS (Tuple[Line, Any]): The items of a JSON file's list, or the lines of JSONL."""
    if file_type(path) == ".jsonl":
        yield from read_jsonl(path)
        return
    content = "".join(line for _, line in read_lines(path))
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        if _is_object(content.lstrip().split("\n", 1)[0]):
            yield from read_jsonl(path)
            return
        line = getattr(error, "lineno", None)
        raise InputError(f"Broken JSON ({error})", path, line, "Export the file again.") from None
    for number, record in enumerate(data if isinstance(data, list) else [data], 1):
        yield Line(path, number, "record"), record


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _unknown(path: Path) -> InputError:
    return InputError(
        "Can't tell the format, or nothing is annotated",
        path,
        remedy=f"Name the format with --vars.format. {_formats()}",
    )


def _formats() -> str:
    return f"Formats: {', '.join(FORMATS)}."

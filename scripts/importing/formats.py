"""Which format a file with annotations is in, and what reads it."""

import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple, Union

from spacy.language import Language

from importing.brat import BRAT_FILES, read_brat
from importing.counting import AUTO, CHARACTERS, WAYS, settle
from importing.label_studio import is_label_studio, read_label_studio
from importing.records import Found, Marked, Skipped
from importing.spacy_formats import read_docbin, read_spacy_json
from importing.tagged_formats import CONLLU_ID, read_columns, read_conllu, read_iob
from importing.tool_formats import is_doccano, is_prodigy, read_doccano, read_prodigy
from reading.lines import Line, file_type, files_in, read_jsonl, read_lines
from shared.errors import InputError


class Objects(NamedTuple):
    """A format of JSON objects: what tells that a record has its spans, and what reads a file's records."""

    has_spans: Callable[[Dict[str, Any]], bool]
    read: Callable[[Sequence[Tuple[Line, Dict[str, Any]]]], Iterable[Union[Found, Marked]]]


# What reads a whole file, and what reads JSON objects
FILES: Dict[str, Callable[[Path], Iterator[Found]]] = {
    "conll": read_columns,
    "iob": read_iob,
    "conllu": read_conllu,
    "spacy": read_docbin,
    "brat": read_brat,
}
OBJECTS = {
    "prodigy": Objects(is_prodigy, read_prodigy),
    "doccano": Objects(is_doccano, read_doccano),
    "label-studio": Objects(is_label_studio, read_label_studio),
}
FORMATS = (*FILES, *OBJECTS, "spacy-json")
BY_ENDING = {".spacy": "spacy", ".ann": "brat", ".conllu": "conllu", ".conllubio": "conllu"}
# By these two `spacy convert` tells the formats apart; here with the letters of all schemes
IOB = re.compile(r"\S+\|(O|[BILUES]-\S+)(\s|$)")
COLUMNS = re.compile(r"\S+\s+(O|[BILUES]-\S+)$")


class Read(NamedTuple):
    """What a file or folder holds.

    formats (List[str]): The names of its formats.
    found (List[Found]): Its records, with offsets in characters.
    counted (List[str]): What offsets count in files where it is something else, by file.
    """

    formats: List[str]
    found: List[Found]
    counted: List[str]


def read_annotations(path: Path, nlp: Language, name: str = AUTO, offsets: str = AUTO) -> Read:
    """Read all annotations of a file or folder.

    path (Path): The file, or a folder of files that can each be read, brat's in pairs.
    nlp (Language): Tokenizes the texts, if what the offsets count is to be told.
    name (str): One of FORMATS, or "auto" to tell it by name and content.
    offsets (str): What offsets count where a format does not say it: one of WAYS, or "auto".
    RETURNS (Read): The names of the formats, and what was found.
    RAISES (InputError): If the format can't be told or a file is broken.
    """
    if name not in (AUTO, *FORMATS):
        raise InputError(f"There is no format '{name}'", remedy=_formats())
    if not path.exists():
        raise InputError("The file does not exist", path, remedy="Check vars.source.")
    files = files_in(path) if path.is_dir() else [path]
    result = Read([], [], [])
    if name == "brat" or any(file.suffix == ".ann" for file in files if name == AUTO):
        others = [file for file in files if file.suffix not in BRAT_FILES]
        files = [path, *(others if name == AUTO else [])]
        if name == "brat":
            result.found.extend(Skipped(Line(file, 1), "no file of brat") for file in others)
    for file in files:
        format_, items = _read_file(file, "brat" if file.is_dir() else name)
        found, way = settle(nlp, file, items, offsets)
        result.formats.extend([format_] if format_ not in result.formats else [])
        result.found.extend(found)
        if way != CHARACTERS:
            result.counted.append(f"In {file} the offsets count {WAYS[way]}")
    return result


def _read_file(path: Path, name: str) -> Tuple[str, List[Union[Found, Marked]]]:
    if name == AUTO:
        name = BY_ENDING.get(file_type(path), AUTO)
    if name == AUTO and file_type(path) not in (".json", ".jsonl"):
        name = _by_lines(path)
    if name in FILES:
        return name, list(FILES[name](path))
    records = list(_json_records(path))
    if name == AUTO:
        name = _by_content(path, records)
    if name == "spacy-json":
        return name, list(read_spacy_json(path, records))
    for where, record in records:
        if not isinstance(record, dict):
            raise where.error("The record is no JSON object")
        formats = _with_spans(record)
        if formats and name not in formats:
            raise where.error(
                f"It has entities as {formats[0]} writes them, the format is {name}",
                f"Name the format with --vars.format, or take them out. {_formats()}",
            )
    return name, list(OBJECTS[name].read(records))


def _with_spans(record: Any) -> List[str]:
    """RETURNS (List[str]): The formats as which the record has entities."""
    if not isinstance(record, dict):
        return []
    return [name for name, format_ in OBJECTS.items() if format_.has_spans(record)]


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


def _by_content(path: Path, records: Sequence[Tuple[Line, Any]]) -> str:
    """RETURNS (str): The format of JSON, by the first record with entities, or else the first that
    shows it in another way."""
    for where, record in records:
        formats = _with_spans(record)
        if len(formats) > 1:
            raise where.error(
                f"It has entities as {' and '.join(formats)} write them",
                "Name the format with --vars.format.",
            )
        if formats:
            return formats[0]
    for _, record in records:
        if isinstance(record, list):
            return "spacy-json"
        if not isinstance(record, dict):
            continue
        if "paragraphs" in record:
            return "spacy-json"
        if isinstance(record.get("spans"), list):
            return "prodigy"
        if any(isinstance(record.get(key), list) for key in ("label", "labels", "entities")):
            return "doccano"
        if isinstance(record.get("data"), dict) or "annotation_id" in record:
            return "label-studio"
        if any(key in record for key in ("spans", "answer", "_view_id")):
            return "prodigy"
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

"""Annotations as annotation tools export them: Prodigy, doccano, Label Studio and brat."""

import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from importing.records import Found, Skipped, squash
from reading.gold import Offsets, Record, span_of
from reading.lines import Line, check_text, clean, files_in, read_lines, string_of
from shared.errors import InputError

# T1<tab>ORG 0 4;10 14<tab>what is marked
BRAT_SPAN = re.compile(r"(T\S*)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")
# The other kinds: relations, events, attributes, notes, normalizations, equivalence
BRAT_OTHER = tuple("REAMN#*.")


def read_prodigy(where: Line, record: Dict[str, Any]) -> Found:
    """RETURNS (Found): A record of Prodigy's JSONL."""
    text = check_text(where, string_of(where, record, "text"))
    if record.get("answer", "accept") != "accept":
        return Skipped(where, f"the answer is {record['answer']!r}")
    spans = record.get("spans") or []
    if not isinstance(spans, list):
        raise where.error("'spans' is not a list")
    return Record(where, text, [span_of(where, span) for span in spans])


def read_doccano(where: Line, record: Dict[str, Any]) -> Found:
    """RETURNS (Found): A record of doccano's JSONL, with "label", "labels" or "entities"."""
    # Some versions have "data" for it
    text = check_text(where, string_of(where, record, "text" if "text" in record else "data"))
    keys = [key for key in ("entities", "labels", "label") if isinstance(record.get(key), list)]
    if not keys:
        return Skipped(where, "not annotated")
    return Record(where, text, [_doccano_span(where, span) for span in record[keys[0]]])


def _doccano_span(where: Line, span: Any) -> Offsets:
    if isinstance(span, dict):
        span = [span.get(key) for key in ("start_offset", "end_offset", "label")]
    if not isinstance(span, list) or len(span) != 3 or not isinstance(span[2], str):
        raise where.error(
            f"Not an entity of doccano: {span!r:.80}",
            'It is [start, end, label] or {"start_offset": ..., "end_offset": ..., "label": ...}.',
        )
    return span_of(where, dict(zip(("start", "end", "label"), span)))


def read_label_studio(where: Line, record: Dict[str, Any]) -> Found:
    """RETURNS (Found): A task of Label Studio's JSON or JSON-MIN."""
    if not isinstance(record.get("data"), dict):
        text = check_text(where, string_of(where, record, "text"))
        regions = [
            region
            for value in record.values()
            if isinstance(value, list)
            for region in value
            if isinstance(region, dict) and isinstance(region.get("labels"), list)
        ]
        return _label_studio_record(where, text, regions)
    text = check_text(where, _label_studio_text(where, record["data"]))
    annotations = record.get("annotations")
    if not isinstance(annotations, list) or not all(isinstance(a, dict) for a in annotations):
        raise where.error(
            "The task has no list of annotations", "Export it from Label Studio as JSON."
        )
    annotations = [a for a in annotations if not a.get("was_cancelled")]
    annotations = [a for a in annotations if a.get("ground_truth")] or annotations
    if not annotations:
        return Skipped(where, "not annotated")
    found = [_label_studio_record(where, text, _regions(where, a)) for a in annotations]
    if any(sorted(other.spans) != sorted(found[0].spans) for other in found):
        return Skipped(where, f"{len(found)} annotations that differ")
    return found[0]


def _label_studio_text(where: Line, data: Dict[str, Any]) -> str:
    texts = [value for value in data.values() if isinstance(value, str)]
    if isinstance(data.get("text"), str):
        return data["text"]
    if len(texts) != 1:
        raise where.error(
            f"Can't tell which is the text: {', '.join(map(str, data))}"[:120],
            'Name it "text" in the task\'s "data".',
        )
    return texts[0]


def _regions(where: Line, annotation: Dict[str, Any]) -> List[Dict[str, Any]]:
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise where.error("An annotation has no list of results")
    values = [result.get("value") for result in results if result.get("type") == "labels"]
    if not all(isinstance(v, dict) and isinstance(v.get("labels"), list) for v in values):
        raise where.error("A result has no labels")
    return values


def _label_studio_record(where: Line, text: str, regions: List[Dict[str, Any]]) -> Record:
    spans: List[Offsets] = []
    problems: List[str] = []
    for region in regions:
        start, end, _ = span_of(where, region)
        offsets = _label_studio_offsets(text, start, end, region.get("text"))
        if offsets is None:
            said = f", the file says {region['text']!r}" if region.get("text") else ""
            place = f"{where.place}, characters {start} to {end}"
            problems.append(f"{place}: {text[max(start, 0) : end]!r} is not what was marked{said}")
            continue
        spans += [(*offsets, clean(str(label))) for label in region["labels"]]
    return Record(where, text, spans, tuple(problems))


def _label_studio_offsets(
    text: str, start: int, end: int, marked: Any
) -> Optional[Tuple[int, int]]:
    """RETURNS (Optional[Tuple[int, int]]): Start and end in characters, None if nobody can tell.

    Label Studio runs in browsers, which count an emoji as two. Not all versions do.
    """
    ways = [(start, end), (_characters(text, start), _characters(text, end))]
    if isinstance(marked, str):
        ways = [way for way in ways if squash(text[way[0] : way[1]]) == squash(clean(marked))]
    elif ways[0] != ways[1]:
        return None
    return ways[0] if ways and start >= 0 else None


def _characters(text: str, units: int) -> int:
    """RETURNS (int): How many characters the first so many UTF-16 units of the text are."""
    encoded = text.encode("utf-16-le")
    if units > len(encoded) // 2:
        return units
    return len(encoded[: 2 * max(units, 0)].decode("utf-16-le", "ignore"))


def read_brat(path: Path) -> Iterator[Found]:
    """Read brat's standoff files.

    path (Path): A folder with .ann and .txt files, or one .ann file.
    YIELDS (Found): A record a text.
    RAISES (InputError): If an annotation is broken or its text is missing.
    """
    files = files_in(path) if path.is_dir() else [path, path.with_suffix(".txt")]
    for file in files:
        if file.suffix == ".txt" and file.with_suffix(".ann") not in files:
            yield Skipped(Line(file, 1), "there is no .ann file for it")
        elif file.suffix == ".ann":
            if not file.with_suffix(".txt").is_file():
                raise InputError("Its .txt file is missing", file)
            yield _brat_record(file)


def _brat_record(path: Path) -> Record:
    text = "".join(line for _, line in read_lines(path.with_suffix(".txt")))
    text = check_text(Line(path.with_suffix(".txt"), 1), text)
    spans: List[Offsets] = []
    problems: List[str] = []
    left_out: List[str] = []
    for where, line in read_lines(path):
        line = line.rstrip("\r\n")
        match = BRAT_SPAN.fullmatch(line)
        if not line.strip() or (line.startswith(BRAT_OTHER) and not match):
            continue
        if not match:
            raise where.error(
                f"Not an annotation of brat: {line!r:.60}",
                "An entity is T1, a tab, label, start and end, a tab, and its text.",
            )
        name, label, offsets, marked = match.groups()
        if ";" in offsets:
            left_out.append(f"{where.place}: {name} {marked or ''!r} is discontinuous")
            continue
        start, end = map(int, offsets.split())
        if marked is not None and squash(text[start:end]) != squash(marked):
            problems.append(
                f"{where.place}, characters {start} to {end}: {text[start:end]!r} is not what was "
                f"marked, the file says {marked!r}"
            )
            continue
        spans.append((start, end, label))
    return Record(Line(path, 1, "text"), text, spans, tuple(problems), tuple(left_out))

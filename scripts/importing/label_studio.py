"""Annotations as Label Studio exports them, in JSON and JSON-MIN."""

import html
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from importing.counting import WAYS, edges
from importing.records import Marked, Skipped, label_of, squash
from reading.gold import Offsets, Record, span_of
from reading.lines import Line, check_text, clean, string_of

# The types of results that label a part of a text, and the keys that hold these labels
TYPES = ("labels", "hypertextlabels", "htmllabels", "paragraphlabels")
MARKUP = re.compile(r"<[a-zA-Z/!?]")


class Task(NamedTuple):
    """A text with the parts of it that each person labelled."""

    where: Line
    text: str
    types: Set[str]  # of all that people said about it
    annotations: List[List[Dict[str, Any]]]


def is_label_studio(record: Dict[str, Any]) -> bool:
    """RETURNS (bool): Whether the record is a task of Label Studio's JSON, or has regions of JSON-MIN."""
    if isinstance(record.get("data"), dict):
        return isinstance(record.get("annotations"), list)
    return any(_labels(region) for region in _regions_min(record))


def read_label_studio(
    records: Sequence[Tuple[Line, Dict[str, Any]]],
) -> Iterator[Union[Marked, Skipped]]:
    """Read tasks of Label Studio's JSON or JSON-MIN.

    records (Sequence[Tuple[Line, Dict[str, Any]]]): The tasks.
    YIELDS (Union[Marked, Skipped]): Each, skipped if it is not annotated, if people disagree, or if
        all tasks are about something else than entities, such as choices.
    RAISES (InputError): If one is broken.
    """
    tasks = [_task(where, record) for where, record in records]
    types = {type_ for task in tasks for type_ in task.types}
    for task in tasks:
        found = [_read(task, regions) for regions in task.annotations]
        if not found:
            yield Skipped(task.where, "not annotated")
        elif types and types.isdisjoint(TYPES):
            yield Skipped(task.where, "it says nothing about entities, no text has a labelled part")
        elif any(_spans(other) != _spans(found[0]) for other in found):
            yield Skipped(task.where, f"{len(found)} annotations that differ")
        else:
            yield found[0]


def _spans(found: Marked) -> List[Offsets]:
    return sorted([*found.record.spans, *found.spans])


def _task(where: Line, record: Dict[str, Any]) -> Task:
    if not isinstance(record.get("data"), dict):
        text, regions = string_of(where, record, "text"), _regions_min(record)
        is_labelled = any(_labels(region) for region in regions)
        types = {TYPES[0] if is_labelled else "unknown"}
        return Task(where, check_text(where, text), types, [regions])
    text = _text(where, record["data"])
    found = record.get("annotations")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise where.error(
            "The task has no list of annotations", "Export it from Label Studio as JSON."
        )
    results = [_results(where, item) for item in found]
    types = {str(result.get("type")) for items in results for result in items}
    used = [i for i, item in enumerate(found) if not item.get("was_cancelled")]
    used = [i for i in used if found[i].get("ground_truth")] or used
    return Task(where, check_text(where, text), types, [_regions(where, results[i]) for i in used])


def _text(where: Line, data: Dict[str, Any]) -> str:
    texts = [value for value in data.values() if isinstance(value, str)]
    if isinstance(data.get("text"), str):
        return data["text"]
    if len(texts) != 1:
        raise where.error(
            f"Can't tell which is the text: {', '.join(map(str, data))}"[:120],
            'Name it "text" in the task\'s "data".',
        )
    return texts[0]


def _results(where: Line, annotation: Dict[str, Any]) -> List[Dict[str, Any]]:
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise where.error("An annotation has no list of results")
    return results


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and {"start", "end"} <= set(value)


def _regions_min(record: Dict[str, Any]) -> List[Dict[str, Any]]:
    lists = [value for value in record.values() if isinstance(value, list)]
    return [value for values in lists for value in values if _is_part(value)]


def _regions(where: Line, results: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): The labelled parts of the text, and those that have something
    else in place of a label, which are not to be lost without a word."""
    labelled = [result for result in results if result.get("type") in TYPES]
    if not all(_labels(result.get("value")) for result in labelled):
        raise where.error("A result has no labels")
    names = {str(result.get("to_name")) for result in labelled}
    if len(names) > 1:
        raise where.error(
            f"Labels in more than one text: {', '.join(sorted(names))}", "Export a text a task."
        )
    ids = [result.get("id") for result in labelled]  # choices for a part have the part's id
    others = [r for r in results if r.get("type") not in TYPES and r.get("id") not in ids]
    others = [result for result in others if _is_part(result.get("value"))]
    return [result["value"] for result in [*labelled, *others]]


def _labels(region: Any) -> List[str]:
    """RETURNS (List[str]): The region's labels, "" for one that is none. Nothing if it has no list."""
    found = [region.get(key) for key in TYPES] if isinstance(region, dict) else []
    return next(([label_of(x) for x in y] or [""] for y in found if isinstance(y, list)), [])


def _read(task: Task, regions: List[Dict[str, Any]]) -> Marked:
    """RETURNS (Marked): The text with its labelled parts. Where the file says what was marked, it is
    known what the offsets count."""
    where, text = task.where, task.text
    if any(map(_is_in_html, regions)):
        if MARKUP.search(text):
            raise where.error(
                "The text is HTML, and the file does not say where labels are in the text without tags",
                "Label the bare text, or take the task out.",
            )
        text = html.unescape(text)
    known: List[Offsets] = []
    others: List[Offsets] = []
    problems: List[str] = []
    for region in regions:
        offsets = region["globalOffsets"] if _is_in_html(region) else region
        start, end, _ = span_of(where, offsets)
        marked = region.get("text")
        places = _places(text, start, end, marked) if isinstance(marked, str) and marked else None
        if places:
            known += [(*places, label) for label in _labels(region) or [""]]
        elif not marked:
            others += [(start, end, label) for label in _labels(region) or [""]]
        else:
            problems.append(
                f"{where.place}, characters {start} to {end}: {text[max(start, 0) : end]!r} is not "
                f"what was marked, the file says {marked!r}"
            )
    return Marked(Record(where, text, known, tuple(problems)), others)


def _is_in_html(region: Dict[str, Any]) -> bool:
    """RETURNS (bool): Whether start and end are paths to elements, not offsets."""
    return isinstance(region.get("start"), str) and isinstance(region.get("globalOffsets"), dict)


def _places(text: str, start: int, end: int, marked: str) -> Optional[Tuple[int, int]]:
    """RETURNS (Optional[Tuple[int, int]]): Start and end of what was marked, in characters.

    Label Studio runs in browsers, which count an emoji as two. Not all versions do. All write a
    new line in what was marked as a backslash and an n.
    """
    wanted = squash(clean(marked)), squash(clean(marked.replace("\\n", "\n")))
    for way in WAYS:
        table = edges(text, way)
        first, last = table.get(start), table.get(end)
        if first is not None and last is not None and squash(text[first:last]) in wanted:
            return first, last
    return None

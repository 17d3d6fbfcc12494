"""Annotations as Prodigy and doccano export them."""

from typing import Any, Dict, Iterator, List, Sequence, Tuple, Union

from importing.records import Marked, Skipped
from reading.gold import Offsets, Record, span_of
from reading.lines import Line, check_text, string_of

Records = Sequence[Tuple[Line, Dict[str, Any]]]
# Prodigy's views, in which people say something else than what all entities of a text are
OTHER_VIEWS = ("choice", "classification", "text", "text_input", "html", "compare", "diff", "ner")
OTHER_KEYS = ("options", "accept", "cats", "label")  # of such views, if the name is not there
DOCCANO_KEYS = ("entities", "labels", "label")


def is_prodigy(record: Dict[str, Any]) -> bool:
    """RETURNS (bool): Whether the record has spans as Prodigy writes them."""
    spans = record.get("spans")
    return isinstance(spans, list) and any(isinstance(s, dict) and "start" in s for s in spans)


def read_prodigy(records: Records) -> Iterator[Union[Record, Skipped]]:
    """Read Prodigy's JSONL.

    records (Records): The file's records.
    YIELDS (Union[Record, Skipped]): Each, skipped if it says nothing about entities: if it has no
        spans, and either something else or no record of the file has any.
    RAISES (InputError): If one is broken.
    """
    has_spans = any(isinstance(record.get("spans"), list) for _, record in records)
    for where, record in records:
        text = check_text(where, string_of(where, record, "text"))
        spans = record.get("spans") or []
        if not isinstance(spans, list):
            raise where.error("'spans' is not a list")
        view = record.get("_view_id")
        if record.get("answer", "accept") != "accept":
            yield Skipped(where, f"the answer is {record['answer']!r:.40}")
        elif view in OTHER_VIEWS:
            yield Skipped(where, f"the view '{view}' does not say what all its entities are")
        elif not spans and (not has_spans or any(record.get(key) for key in OTHER_KEYS)):
            yield Skipped(where, "it says nothing about entities, there are no 'spans'")
        else:
            yield Record(where, text, [span_of(where, span) for span in spans])


def is_doccano(record: Dict[str, Any]) -> bool:
    """RETURNS (bool): Whether the record has spans as doccano writes them."""
    items = [x for key in DOCCANO_KEYS for x in _list(record.get(key))]
    return any(
        "start_offset" in item if isinstance(item, dict) else len(_list(item)) == 3
        for item in items
    )


def read_doccano(records: Records) -> Iterator[Union[Marked, Skipped]]:
    """Read doccano's JSONL, with "label", "labels" or "entities".

    records (Records): The file's records.
    YIELDS (Union[Marked, Skipped]): Each. What their offsets count depends on doccano's version and
        the project's settings, and they don't say it.
    RAISES (InputError): If one is broken.
    """
    for where, record in records:
        # Some versions have "data" for it
        key = "text" if "text" in record else "data"
        text = check_text(where, string_of(where, record, key))
        found = {
            key: sorted(_doccano_span(where, span) for span in record[key])
            for key in DOCCANO_KEYS
            if isinstance(record.get(key), list)
        }
        spans = next(filter(None, found.values()), [])
        if any(other and other != spans for other in found.values()):
            raise where.error(
                f"{' and '.join(map(repr, found))} have different entities", "Take one of them out."
            )
        if found:
            yield Marked(Record(where, text, []), spans)
        else:
            yield Skipped(where, "not annotated")


def _doccano_span(where: Line, span: Any) -> Offsets:
    if isinstance(span, dict):
        span = [span.get(key) for key in ("start_offset", "end_offset", "label")]
    if not isinstance(span, list) or len(span) != 3 or not isinstance(span[2], str):
        raise where.error(
            f"Not an entity of doccano: {span!r:.80}",
            'It is [start, end, label] or {"start_offset": ..., "end_offset": ..., "label": ...}.',
        )
    return span_of(where, dict(zip(("start", "end", "label"), span)))


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else []

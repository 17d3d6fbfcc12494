"""What the offsets of an export count: characters, UTF-16 units as browsers do, or grapheme clusters."""

from functools import lru_cache
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import regex
from spacy.language import Language
from spacy.tokens import Doc

from importing.records import Found, Marked
from reading.gold import Record
from shared.errors import InputError

AUTO, CHARACTERS = "auto", "characters"
# An emoji is one character, two UTF-16 units, and a part of a grapheme cluster, which is what a
# reader takes for one sign: an emoji with its skin tone, a letter with its accent, or CR and LF
WAYS = {
    CHARACTERS: "characters",
    "utf-16": "UTF-16 units",
    "graphemes": "grapheme clusters",
}
Place = Tuple[Optional[int], Optional[int]]  # start and end in characters, None where none is


class Reading(NamedTuple):
    """What a span is in each way of counting. They differ, or there would be nothing to tell."""

    marked: Marked
    doc: Doc
    places: Dict[str, Place]


def check_way(offsets: str) -> str:
    """RETURNS (str): The way of counting, or an InputError if there is none of this name."""
    if offsets not in (AUTO, *WAYS):
        raise InputError(
            f"offsets is '{offsets}'", remedy=f"Set it to one of {', '.join((AUTO, *WAYS))}."
        )
    return offsets


@lru_cache(maxsize=len(WAYS))  # a text has many spans
def edges(text: str, way: str) -> Dict[int, int]:
    """RETURNS (Dict[int, int]): For each offset, counted in this way, the one in characters. None for
    offsets within a character or cluster."""
    count, characters = 0, 0
    result = {0: 0}
    for part in regex.findall(r"\X", text) if way == "graphemes" else text:
        count += 2 if way == "utf-16" and part > "\uffff" else 1
        characters += len(part)
        result[count] = characters
    return result


def settle(
    nlp: Language, path: Path, found: Sequence[Union[Found, Marked]], offsets: str
) -> Tuple[List[Found], str]:
    """Bring the spans of a file to characters.

    nlp (Language): Tokenizes the texts.
    path (Path): The file.
    found (Sequence[Union[Found, Marked]]): What it holds.
    offsets (str): What it counts, one of WAYS. With "auto" the way in which all spans begin and end
        where tokens do.
    RETURNS (Tuple[List[Found], str]): What it holds, and the way.
    RAISES (InputError): If more than one way fits, or none.
    """
    marked = [item for item in found if isinstance(item, Marked) and item.spans]
    way = offsets if marked else CHARACTERS
    if way == AUTO:
        way = _choose(path, _readings(nlp, marked))
    return [_in_characters(item, way) if isinstance(item, Marked) else item for item in found], way


def _readings(nlp: Language, found: Sequence[Marked]) -> List[Reading]:
    """RETURNS (List[Reading]): The spans that one way of counting reads otherwise than another."""
    result: List[Reading] = []
    for marked in found:
        text = marked.record.text
        if text.isascii() and "\r\n" not in text:
            continue  # all ways count these alike
        doc = nlp.make_doc(text)
        tables = {way: edges(text, way) for way in WAYS}
        for start, end, _ in marked.spans:
            places = {way: (table.get(start), table.get(end)) for way, table in tables.items()}
            if len(set(places.values())) > 1:
                result.append(Reading(marked, doc, places))
    return result


def _choose(path: Path, readings: List[Reading]) -> str:
    """RETURNS (str): The way in which all spans fit. Without white space at the edges, if there is one."""
    if not readings:
        return CHARACTERS
    for is_trimmed in (False, True):
        fits = {way: [_fits(reading, way, is_trimmed) for reading in readings] for way in WAYS}
        fitting = [way for way in WAYS if all(fits[way])]
        if len({tuple(reading.places[way] for reading in readings) for way in fitting}) == 1:
            return fitting[0]
        if fitting:
            break
    place = readings[0].marked.record.where.place
    counts = ", ".join(f"{sum(fits[way])} as {name}" for way, name in WAYS.items())
    texts = ", ".join(f"{_text(readings[0], way)!r} in {name}" for way, name in WAYS.items())
    raise InputError(
        f"{path}: Can't tell what the offsets count\n"
        f"Of {len(readings)} span(s) that depend on it these fit spaCy's tokens: {counts}\n"
        f"{place}: the first of them is {texts}",
        remedy=f"Say it with --vars.offsets and one of {', '.join(WAYS)}. Check vars.lang, too.",
    )


def _text(reading: Reading, way: str) -> str:
    start, end = reading.places[way]
    return "" if start is None or end is None else reading.doc.text[start:end]


def _fits(reading: Reading, way: str, is_trimmed: bool) -> bool:
    start, end = reading.places[way]
    text = _text(reading, way)
    bare = text.strip()
    if start is None or end is None or not bare or (bare != text and not is_trimmed):
        return False
    start += len(text) - len(text.lstrip())
    return reading.doc.char_span(start, start + len(bare)) is not None


def _in_characters(marked: Marked, way: str) -> Record:
    """RETURNS (Record): The record with all its spans in characters."""
    record = marked.record
    spans, problems = list(record.spans), list(record.problems)
    table = {} if way == CHARACTERS else edges(record.text, way)
    for start, end, label in marked.spans:
        if way == CHARACTERS:
            spans.append((start, end, label))
        elif start in table and end in table:
            spans.append((table[start], table[end], label))
        else:
            problems.append(
                f"{record.where.place}, {WAYS[way]} {start} to {end}: out of range, or within a "
                "character"
            )
    return record._replace(spans=spans, problems=tuple(problems))

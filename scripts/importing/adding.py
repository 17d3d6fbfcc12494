"""Adds annotations to those that a project has: labels renamed, spans made to fit, nothing twice."""

from collections import Counter
from pathlib import Path
from typing import Dict, List, Optional, Set, Tuple

from spacy.language import Language

from importing.formats import AUTO, read_annotations
from importing.records import Found, Skipped, squash
from importing.summary import Result, some
from reading.gold import Offsets, Record, annotate, offsets, prodigy, read_gold
from reading.lines import Line, append_records, clean
from reading.patterns import blank, read_patterns
from reading.splits import bare_hash
from shared.errors import InputError

OTHERS = "*"  # in a label map, all labels that it does not name


def import_annotations(
    source: Path,
    target: Path,
    other: Path,
    *,
    keep_out: bool,
    format_: str = AUTO,
    label_map: Optional[Dict[str, str]] = None,
    lang: str = "en",
    skip_bad_spans: bool = False,
    offsets_: str = AUTO,
    patterns: Optional[Path] = None,
) -> Result:
    """Add annotations to a JSONL file in Prodigy's format, behind what it holds.

    source (Path): A file or folder in one of FORMATS.
    target (Path): The file to add to. Texts that it has are not added again.
    other (Path): The other of the files for gold and for training.
    keep_out (bool): Leave out texts that the other file has.
    format_ (str): The format, or "auto".
    label_map (Dict[str, str]): New labels by old ones, "*" for all others; "" leaves spans out.
    lang (str): Language code: spans must fit its tokens.
    skip_bad_spans (bool): Leave out spans that can't be used instead of failing.
    offsets_ (str): What offsets count where the format does not say it, or "auto".
    patterns (Path): The rules' patterns. With them the result tells labels that only the target has.
    RETURNS (Result): What was found and done.
    RAISES (InputError): If a file is broken or nothing can be used. Nothing is written then.
    """
    nlp, renamed = blank(lang), label_map or {}
    formats, found, counted = read_annotations(source, nlp, format_, offsets_)
    if not found:
        raise InputError("It holds no records", source)
    result = Result(formats, counted)
    records, problems = _usable(found, nlp, renamed, source.is_dir(), result)
    if not records:
        title = f"{source}: None of {len(found)} record(s) can be used"
        raise InputError("\n".join([title, *result.skipped[:5]]))
    labels = {label for label, _ in result.labels}
    named = set(renamed) - {OTHERS}
    if renamed and not labels & (named or labels):
        shown = ", ".join(sorted(labels)) or "there are none"
        raise InputError(
            f"No span has a label of the label map. The labels are: {shown}",
            source,
            remedy="Mend vars.label_map. Nothing was imported.",
        )
    if problems and not skip_bad_spans:
        title = f"{source}: {len(problems)} span(s) can't be used"
        remedy = "Mend them, or leave them out with --vars.bad_spans skip"
        raise InputError("\n".join([title, *some(problems)]), remedy=remedy)
    result.left_out.extend(problems)
    result.unused.extend(sorted(named - labels))
    if patterns is not None:
        result.foreign.update(_foreign(target, patterns, {label for _, label in result.labels}))
    new = _new(records, target, other, keep_out, result)
    if new:
        append_records(target, [prodigy(record.text, record.spans) for record in new])
        result.last_line = target.read_bytes().count(b"\n")
    return result


def _foreign(target: Path, patterns: Path, imported: Set[str]) -> Counter:
    """RETURNS (Counter): How often the target has labels that neither the patterns nor the import have."""
    rules = read_patterns(patterns) if patterns.exists() else []
    known = {rule["label"] for _, rule in rules} | imported
    spans = (label for record in read_gold(target) for _, _, label in record.spans)
    return Counter(label for label in spans if label not in known)


def _usable(
    found: List[Found], nlp: Language, renamed: Dict[str, str], name_files: bool, result: Result
) -> Tuple[List[Record], List[str]]:
    """RETURNS (Tuple[List[Record], List[str]]): The records with their usable spans, and what is
    wrong with other spans. What is skipped is noted in the result."""
    records: List[Record] = []
    problems: List[str] = []
    for item in found:
        prefix = f"{item.where.path}, " if name_files else ""
        if isinstance(item, Skipped):
            result.skipped.append(f"{prefix}{item.where.place}: {item.reason}")
        elif not item.text.strip():
            result.counts["empty"] += 1
        else:
            result.labels.update((label, _rename(renamed, label)) for _, _, label in item.spans)
            record, wrong = _fit(nlp, item, renamed)
            records.append(record)
            result.left_out.extend(prefix + problem for problem in item.left_out)
            problems += [prefix + problem for problem in wrong]
    return records, problems


def _fit(nlp: Language, item: Record, renamed: Dict[str, str]) -> Tuple[Record, List[str]]:
    """RETURNS (Tuple[Record, List[str]]): The record with its usable spans, and what is wrong with
    others."""
    fitted: Dict[Offsets, Offsets] = {}
    for start, end, label in item.spans:
        new = _rename(renamed, label)
        if new or not label:
            fitted[start, end, label] = (*_trim(item.text, start, end), new)
    places = {fitted[span]: place for span, place in item.places.items() if span in fitted}
    spans = sorted(set(fitted.values()))
    doc, wrong = annotate(nlp, Record(item.where, item.text, spans, places=places))
    return Record(item.where, item.text, offsets(doc)), [*item.problems, *wrong]


def _rename(renamed: Dict[str, str], label: str) -> str:
    """RETURNS (str): The label's new name, "" if its spans are left out."""
    return renamed.get(label, renamed.get(OTHERS, label) if label else "")


def _trim(text: str, start: int, end: int) -> Tuple[int, int]:
    """RETURNS (Tuple[int, int]): Start and end without the white space at the edges, which is
    easily marked with a mouse and never part of an entity."""
    if 0 <= start < end <= len(text) and not text[start:end].isspace():
        start, end = (
            end - len(text[start:end].lstrip()),
            start + len(text[start:end].rstrip()),
        )
    return start, end


def _new(
    records: List[Record], target: Path, other: Path, keep_out: bool, result: Result
) -> List[Record]:
    """RETURNS (List[Record]): The records to add. Why others are not is noted in the result."""
    known = {bare_hash(record.text): record for record in read_gold(target)}
    in_other = {bare_hash(record.text) for record in read_gold(other)}
    new: List[Record] = []
    for record in records:
        key = bare_hash(record.text)
        first = known.setdefault(key, record)
        if first is record:
            result.counts["other"] += key in in_other
            if key not in in_other or not keep_out:
                result.counts["added"] += 1
                new.append(record)
        elif _bare_spans(first) == _bare_spans(record):
            result.counts["known" if first.where.path == target else "repeated"] += 1
        else:
            result.counts["differ"] += 1
            result.differing.append(
                f"{_place(record.where)}: {_show(record)}\n"
                f"    {_place(first.where)}: {_show(first)}"
            )
    return new


def _bare_spans(record: Record) -> Set[Offsets]:
    """RETURNS (Set[Offsets]): The spans, counted in characters that are no white space."""
    return {
        (len(squash(record.text[:start])), len(squash(record.text[:end])), label)
        for start, end, label in record.spans
    }


def parse_label_map(text: str) -> Dict[str, str]:
    """Read new names of labels.

    text (str): Such as "ORG=BRAND,PER=PERSON,MISC=", with *= for all others.
    RETURNS (Dict[str, str]): New names by old ones, "" for labels to leave out, "*" for all others.
    RAISES (InputError): If it is written in another way, or leaves out all labels.
    """
    remedy = "Write OLD=NEW,OTHER=NEW once for each label; OLD= leaves a label out, *= all others."
    result: Dict[str, str] = {}
    for pair in filter(None, map(str.strip, clean(text).split(","))):
        old, equals, new = map(str.strip, pair.partition("="))
        if not old or not equals or old in result:
            raise InputError(f"Can't read '{pair}' in the label map", remedy=remedy)
        result[old] = new
    if OTHERS in result and not any(result.values()):
        raise InputError(
            "The label map keeps no label", remedy=f"Name those to keep: A=A,*=. {remedy}"
        )
    return result


def _place(where: Line) -> str:
    return f"{where.path}, {where.place}"


def _show(record: Record) -> str:
    spans = [f"{record.text[start:end]} ({label})" for start, end, label in record.spans]
    return ", ".join(spans)[:200] or "no entity"

"""Add annotations that people already have to the gold annotations or to the annotated texts."""

from collections import Counter
from pathlib import Path
from typing import Dict, List, Optional, Set, Tuple

import typer
from spacy.language import Language

from importing.formats import AUTO, FORMATS, read_annotations
from importing.records import Found, Skipped, squash
from importing.summary import Result, print_result, some
from reading.gold import Offsets, Record, annotate, offsets, prodigy, read_gold, skips
from reading.lines import Line, append_records
from reading.patterns import blank
from reading.splits import bare_hash
from shared.errors import InputError, clear_errors

USES = ("gold", "train")


def import_cli(
    # fmt: off
    source: str = typer.Argument(..., help="The annotations: a file, or a folder of them"),
    gold: Path = typer.Argument(..., help="Annotated records to measure with, JSONL"),
    annotated: Path = typer.Argument(..., help="Annotated records to learn from, JSONL"),
    use: str = typer.Option(
        ..., "--as", help="'gold' adds them to the former, 'train' to the latter"
    ),
    format_: str = typer.Option(AUTO, "--format", help=f"{AUTO}, {', '.join(FORMATS)}"),
    label_map: str = typer.Option(
        "", help="New names of labels, ORG=BRAND,PER=PERSON; ORG= leaves a label out"
    ),
    lang: str = typer.Option("en", help="Language code"),
    bad_spans: str = typer.Option(
        "fail", help="'skip' leaves out spans that can't be used, 'fail' stops"
    ),
    # fmt: on
) -> None:
    """Read annotations in other formats and add what is new."""
    with clear_errors():
        if not source:
            raise InputError("Nothing to import", remedy="Name it with --vars.source FILE.")
        if use not in USES:
            raise InputError(
                "What are the annotations for?",
                remedy="Add --vars.as gold to measure with them, or --vars.as train to learn "
                "from them.",
            )
        target, other = (gold, annotated) if use == "gold" else (annotated, gold)
        result = import_annotations(
            Path(source),
            target,
            other,
            keep_out=use == "train",
            format_=format_,
            label_map=parse_label_map(label_map),
            lang=lang,
            skip_bad_spans=skips(bad_spans),
        )
        print_result(result, target, other)


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
) -> Result:
    """Add annotations to a JSONL file in Prodigy's format, behind what it holds.

    source (Path): A file or folder in one of FORMATS.
    target (Path): The file to add to. Texts that it has are not added again.
    other (Path): The other of the files for gold and for training.
    keep_out (bool): Leave out texts that the other file has.
    format_ (str): The format, or "auto".
    label_map (Dict[str, str]): New labels by old ones; "" leaves the old one's spans out.
    lang (str): Language code: spans must fit its tokens.
    skip_bad_spans (bool): Leave out spans that can't be used instead of failing.
    RETURNS (Result): What was found and done.
    RAISES (InputError): If a file is broken or nothing can be used. Nothing is written then.
    """
    formats, found = read_annotations(source, format_)
    if not found:
        raise InputError("It holds no records", source)
    renamed = label_map or {}
    result = Result(formats, Counter(), Counter(), [], [], [], [])
    records, problems = _usable(found, blank(lang), renamed, source.is_dir(), result)
    if not records:
        title = f"{source}: None of {len(found)} record(s) can be used"
        raise InputError("\n".join([title, *result.skipped[:5]]))
    if problems and not skip_bad_spans:
        title = f"{source}: {len(problems)} span(s) can't be used"
        remedy = "Mend them, or leave them out with --vars.bad_spans skip"
        raise InputError("\n".join([title, *some(problems)]), remedy=remedy)
    result.left_out.extend(problems)
    result.unused.extend(sorted(set(renamed) - {label for label, _ in result.labels}))
    new = _new(records, target, other, keep_out, result)
    if new:
        append_records(target, [prodigy(record.text, record.spans) for record in new])
    return result


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
            result.labels.update((label, renamed.get(label, label)) for _, _, label in item.spans)
            record, wrong = _fit(nlp, item, renamed)
            records.append(record)
            result.left_out.extend(prefix + problem for problem in item.left_out)
            problems += [prefix + problem for problem in wrong]
    return records, problems


def _fit(nlp: Language, item: Record, renamed: Dict[str, str]) -> Tuple[Record, List[str]]:
    """RETURNS (Tuple[Record, List[str]]): The record with its usable spans, and what is wrong with
    others."""
    spans = {
        (*_trim(item.text, start, end), renamed.get(label, label))
        for start, end, label in item.spans
        if renamed.get(label, label) or label not in renamed
    }
    doc, wrong = annotate(nlp, Record(item.where, item.text, sorted(spans)))
    return Record(item.where, item.text, offsets(doc)), [*item.problems, *wrong]


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

    text (str): Such as "ORG=BRAND,PER=PERSON,MISC=".
    RETURNS (Dict[str, str]): New names by old ones, "" for labels to leave out.
    RAISES (InputError): If it is written in another way.
    """
    result: Dict[str, str] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        old, equals, new = map(str.strip, pair.partition("="))
        if not old or not equals or old in result:
            raise InputError(
                f"Can't read '{pair}' in the label map",
                remedy="Write OLD=NEW,OTHER=NEW once for each label; OLD= leaves a label out.",
            )
        result[old] = new
    return result


def _place(where: Line) -> str:
    return f"{where.path}, {where.place}"


def _show(record: Record) -> str:
    spans = [f"{record.text[start:end]} ({label})" for start, end, label in record.spans]
    return ", ".join(spans)[:200] or "no entity"


if __name__ == "__main__":
    typer.run(import_cli)

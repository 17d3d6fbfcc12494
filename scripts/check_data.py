"""Check texts, patterns and gold for what makes a poor model or scores that mislead."""

import contextlib
import io
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import srsly
import typer
from wasabi import msg
from wasabi.util import wrap

from checking.corpora import debug_data
from checking.findings import SEVERITIES, Data, Finding, as_dict, load_data, number
from checking.forms import check_forms
from checking.rules import check_rules
from checking.spans import check_numbers, check_records, check_spans, check_ties
from checking.texts import check_texts
from labelling.corpus import convert
from measuring.page import fingerprint, update_section
from reading.lines import make_missing
from reading.texts import read_texts
from shared.commands import run
from shared.errors import clear_errors
from shared.showing import printable
from shared.writing import staged

# More texts hardly change what is found, but they take memory: `spacy debug data` reads all
MAX_TEXTS = 20_000
SHOWN = 6  # records of a finding that are printed
WIDTH = 80


def check_data_cli(
    # fmt: off
    texts: Path = typer.Argument(
        ..., help="Raw texts: .jsonl, .txt, .csv or .tsv, each also .gz, or a folder"
    ),
    patterns: Path = typer.Argument(..., help="Match patterns, JSONL"),
    gold: Path = typer.Argument(..., help="Annotated records, JSONL; may have none"),
    suggestions: Path = typer.Argument(
        ..., help="Suggested terms with answers, JSONL; may have none"
    ),
    annotated: Path = typer.Argument(
        ..., help="Annotated records to learn from, JSONL; may have none"
    ),
    config: Path = typer.Argument(..., help="The training config, for `spacy debug data`"),
    output: Path = typer.Argument(..., help="Output file for the findings, JSON"),
    report: Path = typer.Argument(..., help="The report, HTML; may be missing"),
    lang: str = typer.Option("en", help="Language code"),
    # fmt: on
) -> None:
    """Check the data, print and write what was found, and fail if there is an error in it."""
    with clear_errors():
        make_missing(suggestions, annotated)
        checked = check_data(texts, patterns, gold, suggestions, annotated, config, lang)
        with staged(output) as path:
            srsly.write_json(path, checked)
        update_section(report, checked)
        print_findings(checked, output)
        if checked["counts"]["error"]:
            raise typer.Exit(1)


def check_data(
    texts: Path,
    patterns: Path,
    gold: Path,
    suggestions: Path,
    annotated: Path,
    config: Path,
    lang: str = "en",
) -> Dict[str, Any]:
    """Check what people provide. Nothing needs to be converted or trained before.

    texts (Path): Raw texts, a file or folder. The first MAX_TEXTS are looked at.
    patterns (Path): Match patterns, JSONL.
    gold (Path): Gold annotations, JSONL, may have no records.
    suggestions (Path): Suggested terms with answers, JSONL, may have no records.
    annotated (Path): Annotated records to learn from, JSONL, may have no records.
    config (Path): The training config.
    lang (str): Language code.
    RETURNS (dict): "findings" (see `Finding`, errors first), their number by severity as
        "counts", "passed" (checks of `spacy debug data`), "texts" (number looked at), "gold"
        (number of records) and "fingerprint" of the data.
    RAISES (InputError): If anything provided can't be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        sample, n_texts = _sample(texts, Path(folder) / "texts.jsonl")
        corpus, rules = Path(folder) / "corpus", Path(folder) / "rules"
        # What it warns of is found again below
        with contextlib.redirect_stdout(io.StringIO()):
            stats = convert(
                sample, patterns, gold, suggestions, corpus, rules, lang=lang, skip_bad_spans=True
            )
        data = load_data(texts, gold, annotated, corpus / "train", rules, MAX_TEXTS)
        found = [*_find(data), *_notes(data, n_texts)]
        passed, complaints = debug_data(config, corpus, lang)
        mark = fingerprint({**stats, "texts": n_texts}, corpus / "test.spacy")
    found += complaints
    counts = Counter(entry.severity for entry in found)
    return {
        "counts": {severity: counts[severity] for severity in SEVERITIES},
        "findings": [
            as_dict(entry)
            for severity in SEVERITIES
            for entry in found
            if entry.severity == severity
        ],
        "passed": passed,
        "texts": min(n_texts, MAX_TEXTS),
        "gold": len(data.gold),
        "fingerprint": mark,
    }


def print_findings(checked: Dict[str, Any], output: Path) -> None:
    """Print the findings on lines of at most 80 characters."""
    show: Dict[str, Any] = {
        "error": msg.fail,
        "warning": msg.warn,
        "info": msg.info,
        "good": msg.good,
    }
    for found in checked["findings"]:
        show[found["severity"]](printable(found["title"]))
        for text in (found["why"], found["remedy"]):
            print(wrap(printable(text), WIDTH, 2))
        for entry in found["places"][:SHOWN]:
            print(_describe(entry))
        more = found["total"] - SHOWN
        if more > 0:
            print(f"    ... and {more:,} more, see {output}")
        print()
    counts = checked["counts"]
    summary = (
        f"{number(counts['error'], 'error')}, {number(counts['warning'], 'warning')} in "
        f"{number(checked['texts'], 'raw text')} and {number(checked['gold'], 'gold text')}"
    )
    show["error" if counts["error"] else "warning" if counts["warning"] else "good"](summary)
    print(f"  spacy debug data: {number(checked['passed'], 'check')} passed")


def _find(data: Data) -> Iterator[Finding]:
    checks = (
        check_spans,
        check_records,
        check_numbers,
        check_ties,
        check_rules,
        check_forms,
        check_texts,
    )
    for check in checks:
        yield from check(data)


def _notes(data: Data, n_texts: int) -> Iterator[Finding]:
    if not data.gold:
        yield Finding(
            "gold",
            "info",
            "There are no gold annotations",
            "Most checks are of them, and scores will measure agreement with the rules.",
            "Annotate 100 texts or more with the command annotate.",
        )
    if n_texts > MAX_TEXTS:
        yield Finding(
            "sample",
            "info",
            f"Only the first {MAX_TEXTS:,} of {n_texts:,} raw texts were looked at",
            "More would hardly change what is found.",
            "Shuffle the texts if the first ones are special.",
        )


def _describe(entry: Dict[str, Any]) -> str:
    """RETURNS (str): A record on one line if it fits, or on two."""
    parts = [f"{Path(entry['file']).name}:{entry['line']}", entry["note"], entry["text"]]
    line = "    " + "  ".join(map(printable, filter(None, parts)))
    if len(line) <= WIDTH:
        return line
    lines = ["    " + "  ".join(filter(None, parts[:2])), "      " + entry["text"]]
    return "\n".join(text if len(text) <= WIDTH else text[: WIDTH - 1] + "…" for text in lines)


def _sample(texts: Path, path: Path) -> Tuple[Path, int]:
    """RETURNS (Tuple[Path, int]): A file with at most MAX_TEXTS texts, and how many there are."""
    n_texts = sum(1 for _ in read_texts(texts))
    if n_texts <= MAX_TEXTS:
        return texts, n_texts
    srsly.write_jsonl(path, ({"text": text} for _, text in islice(read_texts(texts), MAX_TEXTS)))
    return path, n_texts


if __name__ == "__main__":
    run(check_data_cli)

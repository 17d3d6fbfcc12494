"""What `spacy debug data` says of the corpora that training reads."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

from spacy.cli.debug_data import BLANK_MODEL_THRESHOLD, NEW_LABEL_THRESHOLD

from checking.findings import SEVERITIES, Finding
from shared.errors import InputError
from shared.showing import printable

# How `spacy debug data` marks its lines
ICONS = {"✔": "passed", "⚠": "warning", "✘": "error"}
ANSI = re.compile(r"\x1b\[[\d;]*m")


def debug_data(config: Path, corpus: Path, lang: str) -> Tuple[int, List[Finding]]:
    """Run `spacy debug data`.

    config (Path): The training config.
    corpus (Path): The folder with train/ and dev.spacy.
    lang (str): Language code.
    RETURNS (Tuple[int, List[Finding]]): How many checks passed, and what it complained about.
    """
    options = {
        "--paths.train": corpus / "train",
        "--paths.dev": corpus / "dev.spacy",
        "--nlp.lang": lang,
    }
    command = [sys.executable, "-m", "spacy", "debug", "data", str(config)]
    for option, value in options.items():
        command += [option, str(value)]
    result = subprocess.run(
        command,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf8",
        errors="replace",
    )
    by_icon: Dict[str, List[str]] = {kind: [] for kind in ICONS.values()}
    for line in ANSI.sub("", result.stdout).splitlines():
        icon, _, text = line.partition(" ")
        # The summary counts the others
        if icon in ICONS and not re.fullmatch(r"\d+ (checks?|warnings?|errors?)( passed)?", text):
            by_icon[ICONS[icon]].append(printable(text))
    complaints = [
        Finding(
            "debug data",
            severity,
            f"spacy debug data: {text}",
            "spaCy's own check of the corpora that training reads.",
            remedy_of(text),
        )
        for severity in SEVERITIES
        for text in by_icon.get(severity, [])
    ]
    if result.returncode and not by_icon["error"]:
        said = (result.stderr or result.stdout).strip().splitlines() or ["nothing"]
        raise InputError(
            f"spacy debug data failed: {said[-1]}", config, remedy="Check the training config."
        )
    return len(by_icon["passed"]), complaints


def remedy_of(complaint: str) -> str:
    """RETURNS (str): What to do about a complaint of `spacy debug data`; if it is of too few examples,
    how many are enough for it."""
    if complaint.startswith("Low number of examples to train"):
        return f"spaCy recommends {BLANK_MODEL_THRESHOLD:,} texts to train on: add texts."
    if complaint.startswith("Low number of examples for label"):
        return (
            f"spaCy wants more than {NEW_LABEL_THRESHOLD}, some 300 are good: add rules or texts, or "
            "answer the terms of suggest."
        )
    return "See https://spacy.io/api/cli#debug-data"

"""What the benchmarks of speed and memory share: texts of any number, and what a command takes."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

import spacy
import srsly
from spacy.tokens import Doc

from reading.texts import read_texts
from shared.errors import InputError


class Cost(NamedTuple):
    """What a command took, from the start of Python to its end."""

    seconds: float
    megabytes: Optional[float]  # the most that any of its processes had; None on Windows


def load_sample(texts: Path, patterns: Path) -> List[str]:
    """RETURNS (List[str]): The texts to repeat, or an InputError if a file is missing."""
    for path in (texts, patterns):
        if not path.exists():
            remedy = "Fetch them: spacy project assets --extra"
            raise InputError("No texts and patterns to measure with", path, remedy=remedy)
    return [text for _, text in read_texts(texts)]


def write_repeated(path: Path, sample: List[str], size: int) -> None:
    """Write a number of texts: the sample again and again, with a running number, so that none
    is like another."""
    srsly.write_jsonl(path, ({"text": f"{sample[n % len(sample)]} {n}"} for n in range(size)))


def measure(script: Path, arguments: Sequence[object]) -> Cost:
    """Run a script in a process of its own, as people do.

    script (Path): The script.
    arguments (Sequence[object]): Its arguments.
    RETURNS (Cost): Time and memory.
    RAISES (InputError): If it fails. What it prints on standard error is not held back.
    """
    command = [sys.executable, "-B", str(script), *map(str, arguments)]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf8") as process:
        assert process.stdout
        output = process.stdout.read()
        megabytes = _peak_memory(process)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise InputError(output.strip() or f"{script} failed")
    return Cost(seconds, megabytes)


def measure_speed(pipeline: Path, docs: List[Doc]) -> float:
    """RETURNS (float): Words per second from text to entities in one process, the best of three."""
    nlp = spacy.load(pipeline)
    texts = [doc.text for doc in docs]
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        words = sum(len(doc) for doc in nlp.pipe(texts))
        rates.append(words / (time.perf_counter() - start))
    return max(rates)


def _peak_memory(process: subprocess.Popen) -> Optional[float]:
    """RETURNS (Optional[float]): The most memory that the process or one it started had."""
    if sys.platform == "win32":
        process.wait()
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)

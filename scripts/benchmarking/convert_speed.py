"""Measure how fast convert is, and how much memory it takes, against the loop of spaCy's course."""

import os
import platform
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Sequence

import spacy
import srsly
from spacy.matcher import Matcher
from spacy.tokens import DocBin, Span
from spacy.util import filter_spans
from tqdm import tqdm
from wasabi import msg

from benchmarking.cost import load_sample, measure, write_repeated
from measuring.words import versions
from shared.errors import InputError

DOOR = Path(__file__).parents[1] / "convert.py"
# Texts for each size of the scale, the numbers of patterns and of processes
SIZES = (10_000, 100_000, 1_000_000)
N_PATTERNS = (10, 209, 2_000, 20_000)
N_PROCESSES = (1, 2)
# Texts for the comparison of speeds: enough for the start of processes not to matter
SPEED_SIZE = 100_000
# The course's loop takes a time for each pattern, so with more it gets fewer texts
COURSE_WORK = 2_000_000  # texts times patterns
COURSE_SIZE = 10_000  # texts at most


def benchmark_convert(
    texts: Path,
    patterns: Path,
    *,
    sizes: Sequence[int] = SIZES,
    n_patterns: Sequence[int] = N_PATTERNS,
    n_processes: Sequence[int] = N_PROCESSES,
    speed_size: int = SPEED_SIZE,
) -> Dict[str, Any]:
    """Run convert on larger and larger input, and on more and more patterns.

    The texts are repeated up to the size. Patterns are the given ones and, if more are wanted,
    the rarest pairs of words of the texts, which like most of a long list of names are rarely met.

    texts (Path): Raw texts, a file or folder.
    patterns (Path): Match patterns, JSONL.
    sizes (Sequence[int]): Numbers of texts to measure time and memory for.
    n_patterns (Sequence[int]): Numbers of patterns to measure the speed for.
    n_processes (Sequence[int]): Numbers of processes; the last one is for the sizes.
    speed_size (int): The number of texts to measure the speed with.
    RETURNS (dict): "scale": by size what a run took; "speed": by number of patterns and of
        processes, and for the course's loop, words per second.
    RAISES (InputError): If texts or patterns are not usable.
    """
    sample = load_sample(texts, patterns)
    given = list(srsly.read_jsonl(patterns))
    rules = _rules(given, sample, max(n_patterns))
    scale = []
    speed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        total = len(sizes) + len(n_patterns) * (len(n_processes) + 1)
        with tqdm(desc="Measuring", total=total, unit=" runs", disable=None) as progress:
            # First, since a process counts as at least as large as the one that starts it
            for size in sizes:
                run = _run(folder, sample, size, given, n_processes[-1])
                scale.append({"texts": size, "n_process": n_processes[-1], **run})
                progress.update()
            for number in n_patterns:
                row: Dict[str, Any] = {"patterns": number, "convert": {}}
                for n_process in n_processes:
                    run = _run(folder, sample, speed_size, rules[:number], n_process)
                    row["convert"][str(n_process)] = run["words"] / run["seconds"]
                    progress.update()
                course_texts = sample[: min(COURSE_SIZE, max(COURSE_WORK // number, 1))]
                row["course_texts"] = len(course_texts)
                row["course"] = course_loop(course_texts, rules[:number], folder / "course.spacy")
                speed.append(row)
                progress.update()
    return {
        "versions": versions(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "scale": scale,
        "speed": speed,
    }


def course_loop(texts: List[str], rules: List[Dict[str, Any]], output: Path) -> float:
    """Label texts as spaCy's course does, except that overlapping matches are allowed for.

    texts (List[str]): The texts.
    rules (List[Dict[str, Any]]): The patterns with their labels.
    output (Path): The .spacy file.
    RETURNS (float): Words per second.
    """
    nlp = spacy.blank("en")
    matcher = Matcher(nlp.vocab)
    for rule in rules:
        matcher.add(rule["label"], [rule["pattern"]])
    start = time.perf_counter()
    docs = []
    for doc in nlp.pipe(texts):
        spans = [Span(doc, first, end, label=label) for label, first, end in matcher(doc)]
        doc.ents = filter_spans(spans)  # type: ignore[assignment]
        docs.append(doc)
    DocBin(docs=docs).to_disk(output)
    return sum(map(len, docs)) / (time.perf_counter() - start)


def _rules(rules: List[Dict[str, Any]], texts: List[str], number: int) -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): As many rules, the given ones and others for rare pairs."""
    counts: Counter = Counter()
    for text in texts:
        words = text.lower().split()
        counts.update(pair for pair in zip(words, words[1:]) if all(map(str.isalpha, pair)))
    rare = sorted(counts, key=lambda pair: (counts[pair], pair))
    label = rules[0]["label"]
    more = ({"label": label, "pattern": [{"LOWER": word} for word in pair]} for pair in rare)
    result = [*rules, *more][:number]
    if len(result) < number:
        raise InputError(f"The texts have too few words for {number:,} patterns")
    return result


def _run(
    folder: Path, sample: List[str], size: int, rules: List[Dict[str, Any]], n_process: int
) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What a run of convert took, and the "words" it labelled."""
    names = ("texts", "patterns", "gold", "suggestions")
    inputs = {name: folder / f"{name}.jsonl" for name in names}
    write_repeated(inputs["texts"], sample, size)
    srsly.write_jsonl(inputs["patterns"], rules)
    # With gold all texts are for training
    srsly.write_jsonl(inputs["gold"], [{"text": f"Gold {n}", "spans": []} for n in range(40)])
    srsly.write_jsonl(inputs["suggestions"], [])
    outputs = [folder / "corpus", folder / "rules"]
    cost = measure(DOOR, [*inputs.values(), *outputs, "--n-process", n_process])
    stats = srsly.read_json(outputs[0] / "stats.json")
    return {**cost._asdict(), "words": stats["train"]["tokens"]}


def print_results(results: Dict[str, Any]) -> None:
    """Print two tables of at most 80 columns: time and memory by size, and speed by patterns."""
    header = ["Texts", "Processes", "Words", "Seconds", "Seconds per 10,000", "Peak MB"]
    rows = [
        (
            f"{row['texts']:,}",
            str(row["n_process"]),
            f"{row['words']:,}",
            f"{row['seconds']:,.1f}",
            f"{row['seconds'] / row['texts'] * 10_000:.2f}",
            "-" if row["megabytes"] is None else f"{row['megabytes']:,.0f}",
        )
        for row in results["scale"]
    ]
    msg.table(rows, header=header, divider=True, aligns=["r"] * 6)
    header = ["Patterns", "Course's loop, words/s", "Processes", "convert, words/s", "Ratio"]
    speeds = []
    for row in results["speed"]:
        for n_process, rate in row["convert"].items():
            ratio = f"{rate / row['course']:,.1f}"
            numbers = (f"{row['patterns']:,}", f"{row['course']:,.0f}")
            speeds.append((*numbers, n_process, f"{rate:,.0f}", ratio))
    msg.table(speeds, header=header, divider=True, aligns=["r"] * 5)

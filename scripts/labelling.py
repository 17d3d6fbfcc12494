"""Label texts with the rules and write them as shards, in one process or several."""

import multiprocessing
import os
from collections import Counter
from itertools import chain, islice
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from common import ATTRS
from rules import COMPONENT

# A DocBin is read as a whole, so the number of texts in one bounds the memory
SHARD_SIZE = 2000
Counts = Dict[str, Counter]
Job = Tuple[Path, List[str]]

_nlp: Language  # the rules pipeline of a worker process


def label(nlp: Language, text: str) -> Tuple[Doc, List[str]]:
    """Label one text with the rules.

    nlp (Language): The rules pipeline.
    text (str): The text.
    RETURNS (Tuple[Doc, List[str]]): The doc with entities, and the ids of all rules that
        match, those included whose matches give way to longer ones.
    """
    doc = nlp.make_doc(text)
    ruler = nlp.get_pipe(COMPONENT)
    matches = ruler.match(doc)  # type: ignore[attr-defined]
    ruler.set_annotations(doc, matches)  # type: ignore[attr-defined]
    return doc, [span.id_ for span in matches]


def label_shards(texts: Iterable[str], rules: Path, output: Path, n_process: int) -> Counts:
    """Label texts and write them as numbered shards that don't depend on n_process.

    texts (Iterable[str]): The texts.
    rules (Path): The rules pipeline on disk.
    output (Path): The folder for the shards.
    n_process (int): Number of processes, -1 for one a core.
    RETURNS (Dict[str, Counter]): "totals" has the number of "texts", of "tokens" and of texts
        "without_entities"; "labels", "matches" and "entities" count by label and by rule id;
        "forms" counts by (label, case-folded entity text).
    """
    n_process = (os.cpu_count() or 1) if n_process < 0 else max(n_process, 1)
    jobs = _jobs(iter(texts), output)
    first = list(islice(jobs, 2))
    jobs = chain(first, jobs)
    counts: Counts = {}
    if n_process == 1 or len(first) < 2:
        _load(rules)
        for job in jobs:
            _add(counts, _write_shard(job))
        return counts
    # Spawned, not forked: a forked child could inherit a lock that nobody frees
    with multiprocessing.get_context("spawn").Pool(n_process, _load, (rules,)) as pool:
        # In waves, since a pool would read all jobs into memory
        while wave := list(islice(jobs, 2 * n_process)):
            for shard_counts in pool.imap(_write_shard, wave):
                _add(counts, shard_counts)
    return counts


def _jobs(texts: Iterator[str], output: Path) -> Iterator[Job]:
    chunks = iter(lambda: list(islice(texts, SHARD_SIZE)), [])
    for number, chunk in enumerate(chunks):
        yield output / f"{number:05}.spacy", chunk


def _load(rules: Path) -> None:
    global _nlp
    _nlp = spacy.load(rules)


def _write_shard(job: Job) -> Counts:
    path, texts = job
    names = ("totals", "labels", "matches", "entities", "forms")
    counts: Counts = {name: Counter() for name in names}
    docs = DocBin(ATTRS)
    for text in texts:
        doc, rule_ids = label(_nlp, text)
        docs.add(doc)
        counts["totals"].update(texts=1, tokens=len(doc), without_entities=not doc.ents)
        counts["matches"].update(rule_ids)
        for ent in doc.ents:
            counts["labels"][ent.label_] += 1
            counts["entities"][ent.ent_id_] += 1
            counts["forms"][ent.label_, ent.text.casefold()] += 1
    docs.to_disk(path)
    return counts


def _add(total: Counts, counts: Counts) -> None:
    for name, counter in counts.items():
        total.setdefault(name, Counter()).update(counter)

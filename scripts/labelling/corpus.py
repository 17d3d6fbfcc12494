"""Turn raw texts, rules and gold annotations into the .spacy files that training reads."""

from collections import Counter, deque
from itertools import chain, islice
from pathlib import Path
from typing import Any, Collection, Dict, List, Optional, Sequence, Tuple, Type

import numpy as np
import srsly
from spacy.tokens import Doc, DocBin
from tqdm import tqdm

from labelling.annotated import compare, hold_out, load_annotated, write_annotated
from labelling.matching import Labeller
from labelling.rules import add_ruler, collect_rules
from labelling.shards import Counts, hash_block, held_out, start, write_shard
from labelling.slow import (
    WatchedLabeller,
    find_slow_texts,
    label_again,
    refuse_slow_lines,
    refuse_slow_rules,
    tell_slow_texts,
)
from labelling.stats import LEFT_OUT, count_answers, count_raw, make_stats
from reading.gold import load_gold
from reading.patterns import blank
from reading.splits import KEY_SIZE, TRAIN, gold_side, reserve, split
from reading.suggestions import read_answers
from reading.texts import read_blocks, read_texts
from shared import watching
from shared.errors import InputError, naming
from shared.workers import Workers, number_of_processes
from shared.writing import ATTRS, staged

# Training labels can have any number of forms, which only evaluation looks up
MAX_FORMS = 100_000


def convert(
    texts: Path,
    patterns: Path,
    gold: Path,
    suggestions: Path,
    corpus: Path,
    rules: Path,
    *,
    annotated: Optional[Path] = None,
    lang: str = "en",
    n_process: int = 1,
    skip_bad_spans: bool = False,
    max_seconds: float = 0,
    workers_class: Type[Workers] = Workers,
) -> Dict[str, Any]:
    """Label texts with the rules, split them, and write all that training and evaluation read.

    If there are gold records, they are dev and test and all other texts are train. Without
    them, dev and test are held-out texts with the labels of the rules.

    texts (Path): Raw texts, a file or folder that `read_texts` understands.
    patterns (Path): Match patterns, JSONL.
    gold (Path): Annotated records, JSONL, may have no records.
    suggestions (Path): Suggested terms with answers, JSONL, may have no records.
    corpus (Path): Folder for train/, dev.spacy, test.spacy and stats.json.
    rules (Path): Folder for the rules as a spaCy pipeline.
    annotated (Optional[Path]): Annotated records, JSONL, may have no records. They are train, with
        the labels that people gave them, and terms that are marked there are rules; those that are
        gold, too, are left out. Without gold some of them are dev, see `hold_out`.
    lang (str): Language code.
    n_process (int): Number of processes, -1 for one a core. The files are the same.
    skip_bad_spans (bool): Leave out gold spans that can't be used instead of failing.
    max_seconds (float): How long a text may take, 0 for any time. If this process is watched, a text
        that takes longer is left out, see slow.py; if not, it is told of.
    workers_class (Type[Workers]): Who does the work. The files are the same.
    RETURNS (dict): The content of stats.json.
    RAISES (InputError): If anything provided is not usable. Nothing is written then.
    """
    if not max_seconds >= 0:
        raise InputError(
            f"max_seconds is {max_seconds}",
            remedy="Set it to a number of seconds, or to 0 for any.",
        )
    watching.take_notes(max_seconds)
    refuse_slow_lines()
    tokenizer = blank(lang)
    gold_docs, n_bad_spans = load_gold(tokenizer, gold, skip_bad_spans)
    taught = load_annotated(tokenizer, annotated, gold_docs, skip_bad_spans)
    nlp = blank(lang)
    all_rules = collect_rules(nlp, patterns, suggestions, taught.docs)
    refuse_slow_rules(all_rules)
    add_ruler(nlp, all_rules)
    rules_alone = Labeller(nlp)
    n_matched = sum(bool(doc.ents) for doc in label_again(rules_alone, gold_docs))
    taught = compare(taught, rules_alone, all_rules)
    if not gold_docs:
        taught = hold_out(taught)
    by_people = tuple(
        [doc.text for doc in docs] for docs in (gold_docs, [*taught.docs, *taught.dev])
    )
    # More processes than blocks would have nothing to do
    n_blocks = sum(1 for _ in islice(read_blocks(texts), number_of_processes(n_process)))
    with (
        staged(rules, folder=True) as rules_tmp,
        staged(corpus / "train", folder=True) as train_tmp,
    ):
        with naming(rules):
            nlp.to_disk(rules_tmp)
        train_tmp.mkdir()
        left_out = find_slow_texts(texts, nlp)
        label = None if gold_docs else WatchedLabeller(Labeller(nlp), max_seconds)
        n_workers = min(n_blocks, number_of_processes(n_process))
        # What other machines are at can't be seen
        notes = watching.folder if workers_class is Workers else None
        args = (rules_tmp, reserve(chain(*by_people)), max_seconds, notes)
        with workers_class(n_workers, start, *args) as workers:
            sides = _assign(texts, workers, by_people, left_out)
            dev_and_test = _evaluation_docs(texts, workers, sides, gold_docs, taught.dev, label)
            counts = _write_train(texts, workers, sides, train_tmp, dev_and_test)
        slow = counts.pop("slow", Counter())
        if label:
            slow.update(label.slow)
        tell_slow_texts(texts, slow, max_seconds)
        raw = count_raw(counts)
        weight = write_annotated(taught, nlp, train_tmp, counts)
        stats = make_stats(all_rules, sides, counts, dev_and_test, gold_docs, n_bad_spans, taught)
        answers = read_answers(nlp, suggestions, {rule["label"] for rule in all_rules})
        stats["answers"] = count_answers(answers)
        stats["left_out"] = list(left_out.values())
        stats["annotated"].update(weight)
        stats["raw"] = raw
        stats["gold"]["with_match"] = n_matched
        _check(stats, texts, patterns)
        for side, docs in dev_and_test.items():
            with staged(corpus / f"{side}.spacy") as path:
                DocBin(ATTRS, docs=docs).to_disk(path)
        with staged(corpus / "stats.json") as path:
            srsly.write_json(path, stats)
    return stats


def _assign(
    texts: Path,
    workers: Workers,
    by_people: Tuple[List[str], ...],
    left_out: Collection[int],
) -> List[np.ndarray]:
    """RETURNS (List[np.ndarray]): For each block of the texts, the place of each text's side in
    SIDES, or LEFT_OUT. All texts are read for that, so that what is wrong with one is told soon."""
    keys = bytearray()
    sizes = []
    with tqdm(desc="Reading", unit=" texts", disable=None) as progress:
        for found in workers.map(hash_block, read_blocks(texts)):
            if found is None:
                deque(read_texts(texts), maxlen=0)  # raises an error with the line
                raise InputError("The texts changed while they were read", texts)
            keys += found
            sizes.append(len(found) // KEY_SIZE)
            progress.update(sizes[-1])
    sides = split(keys, *by_people)
    sides[list(left_out)] = LEFT_OUT
    return np.split(sides, np.cumsum(sizes)[:-1])


def _evaluation_docs(
    texts: Path,
    workers: Workers,
    sides: List[np.ndarray],
    gold_docs: List[Doc],
    dev: Sequence[Doc],
    label: Optional[WatchedLabeller],
) -> Dict[str, List[Doc]]:
    """RETURNS (Dict[str, List[Doc]]): The docs for dev and test: gold, or held out and labelled, but for
    dev if there is one."""
    docs: Dict[str, List[Doc]] = {"dev": list(dev), "test": []}
    for doc in gold_docs:
        docs[gold_side(doc.text)].append(doc)
    if label:
        jobs = (
            (block, side.tobytes(), first)
            for block, side, first in zip(read_blocks(texts), sides, _firsts(sides))
        )
        watching.note("text")
        for found in workers.map(held_out, jobs):
            for side, number, text in found:
                if side == "test" or not dev:
                    docs[side].append(label(number, text)[0])
    return docs


def _write_train(
    texts: Path,
    workers: Workers,
    sides: List[np.ndarray],
    output: Path,
    dev_and_test: Dict[str, List[Doc]],
) -> Counts:
    """RETURNS (Dict[str, Counter]): What `write_shard` counts, for all shards."""
    blocks = (
        (block, side.tobytes(), first)
        for block, side, first in zip(read_blocks(texts), sides, _firsts(sides))
        if TRAIN in side
    )
    jobs = ((*job, output / f"{number:05}.spacy") for number, job in enumerate(blocks))
    asked = {
        (ent.label_, ent.text.casefold())
        for docs in dev_and_test.values()
        for doc in docs
        for ent in doc.ents
    }
    counts: Counts = {}
    total = sum(int((side == TRAIN).sum()) for side in sides)
    with tqdm(desc="Labelling", total=total, unit=" texts", disable=None) as progress:
        for shard in workers.map(write_shard, jobs):
            for name, counter in shard.items():
                known = counts.setdefault(name, Counter())
                if name == "forms" and len(known) + len(counter) > MAX_FORMS:
                    kept = (key for key in counter if key in known or key[:2] in asked)
                    counter = Counter({key: counter[key] for key in kept})
                known.update(counter)
            progress.update(shard["totals"]["texts"])
    return counts


def _firsts(sides: List[np.ndarray]) -> List[int]:
    """RETURNS (List[int]): The number of each block's first text among all."""
    return [0, *np.cumsum([len(side) for side in sides]).tolist()]


def _check(stats: Dict[str, Any], texts: Path, patterns: Path) -> None:
    """Raise an InputError if there is nothing to train on or to measure with."""
    if not stats["texts"]:
        raise InputError("No texts", texts, remedy="Put at least one text into it.")
    sizes = {side: stats[side]["texts"] for side in ("train", "dev", "test")}
    if not all(sizes.values()):
        found = ", ".join(f"{size} in {side}" for side, size in sizes.items())
        raise InputError(
            f"Too few texts to fill train, dev and test: {found}",
            texts,
            remedy="Add texts. If there is a gold file, add gold records: they are dev and "
            "test, and texts that are among them do not count for train.",
        )
    if not stats["train"]["entities"]:
        raise InputError(
            "No pattern matches anything in the texts to train on",
            patterns,
            remedy='Check the spelling; {"LOWER": "iphone"} matches any case, '
            '{"TEXT": "iPhone"} only this one.',
        )

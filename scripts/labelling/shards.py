"""What is done with a block of texts: hash them, or label them and write them as a shard."""

import gc
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np
import spacy
from spacy.attrs import SPACY
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from labelling.matching import Labeller
from labelling.slow import WatchedLabeller
from reading.splits import DEV, SIDES, TEST, TRAIN, key_of
from reading.texts import Block
from shared import watching
from shared.errors import InputError
from shared.writing import ATTRS

# spaCy keeps every string it has seen, some 600 bytes each with what depends on it. Beyond as
# many new ones a process starts over with a fresh pipeline. `nlp.memory_zone()` would do, too, but
# forgets the words of every shard: convert takes 2.5 times as long.
MAX_STRINGS = 200_000
NO_SPANS = Doc(Vocab()).spans.to_bytes()
Counts = Dict[str, Counter]
Job = Tuple[Block, bytes, int, Path]
_args: Tuple[Any, ...]  # of `start`, in a process that labels
_labeller: Optional[WatchedLabeller] = None
_reserved: Mapping[bytes, bytes]  # hashes of texts that people annotated
_n_strings: int  # what the vocabulary had at the start


def hash_block(block: Block) -> Optional[bytes]:
    """RETURNS (Optional[bytes]): The hashes of a block's texts, or None if it is not usable."""
    try:
        return b"".join(key_of(text, _reserved) for text in block.read())
    except InputError:
        return None


def held_out(job: Tuple[Block, bytes, int]) -> List[Tuple[str, int, str]]:
    """RETURNS (List[Tuple[str, int, str]]): Side, number and text of what is held out of a block."""
    block, sides, first = job
    texts = enumerate(zip(block.read(), sides), first)
    return [(SIDES[side], number, text) for number, (text, side) in texts if side in (DEV, TEST)]


def write_shard(job: Job) -> Counts:
    """Label those texts of a block that are for training and write them as a shard.

    job (Tuple[Block, bytes, int, Path]): The block, the side of each of its texts, the number of
        its first text among all, and the file.
    RETURNS (Dict[str, Counter]): "totals" has the number of "texts", of "tokens" and of texts
        "without_entities"; "labels", "matches" and "entities" count by label and by rule id;
        "forms" counts by (label, case-folded entity text, rule id); "slow" has the milliseconds of
        texts that took long, by their number.
    """
    assert _labeller
    if len(_labeller.nlp.vocab.strings) > _n_strings + MAX_STRINGS:
        start(*_args)
    block, sides, first, path = job
    counts: Counts = {
        name: Counter() for name in ("totals", "labels", "matches", "entities", "forms")
    }
    docs = DocBin(ATTRS)
    watching.note("text")
    for number, (text, side) in enumerate(zip(block.read(), sides), first):
        if side == TRAIN:
            doc, rule_ids = _labeller(number, text)
            _store(docs, doc)
            if not rule_ids:
                counts["totals"]["without_entities"] += 1
                continue
            counts["matches"].update(rule_ids)
            for ent in doc.ents:
                counts["labels"][ent.label_] += 1
                counts["entities"][ent.ent_id_] += 1
                counts["forms"][ent.label_, ent.text.casefold(), ent.ent_id_] += 1
    counts["slow"], _labeller.slow = _labeller.slow, Counter()
    strings = _labeller.nlp.vocab.strings
    words = np.unique(np.concatenate([tokens[:, 0] for tokens in docs.tokens]))
    docs.strings.update(strings[int(word)] for word in words)
    docs.strings.update(counts["labels"])
    docs.to_disk(path)
    tokens = sum(map(len, docs.tokens))
    counts["totals"].update(texts=len(docs), tokens=tokens)
    return counts


def _store(docs: DocBin, doc: Doc) -> None:
    """Do what DocBin.add does, which looks at ten strings of each token, most of them empty: with it
    convert takes 1.4 times as long."""
    columns = doc.to_array([*docs.attrs, SPACY])
    docs.tokens.append(columns[:, :-1])
    docs.spaces.append(columns[:, -1:].astype(bool))
    docs.flags.append({"has_unknown_spaces": False})
    docs.cats.append({})
    docs.span_groups.append(NO_SPANS)


def start(
    rules: Path,
    reserved: Mapping[bytes, bytes],
    max_seconds: float = 0,
    notes: Optional[Path] = None,
) -> None:
    """Prepare this process to label.

    rules (Path): The rules pipeline on disk.
    reserved (Mapping[bytes, bytes]): Hashes of texts that people annotated, see `key_of`.
    max_seconds (float): How long a text may take, 0 for any time.
    notes (Optional[Path]): Where to note what this process is at, see `watching`.
    """
    global _args, _reserved, _labeller, _n_strings
    _args, _reserved = (rules, reserved, max_seconds, notes), reserved
    watching.take_notes(max_seconds, notes)
    _labeller = None
    gc.collect()  # the pipeline before is tied in circles, and two would take twice the memory
    nlp = spacy.load(rules)
    _labeller = WatchedLabeller(Labeller(nlp), max_seconds)
    _n_strings = len(nlp.vocab.strings)
    nlp.tokenizer.max_cache_size = MAX_STRINGS  # type: ignore[union-attr]

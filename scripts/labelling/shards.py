"""What is done with a block of texts: hash them, or label them and write them as a shard."""

import gc
from collections import Counter
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
import spacy
from spacy.attrs import SPACY
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from labelling.matching import Labeller
from reading.splits import DEV, SIDES, TEST, TRAIN, key_of
from reading.texts import Block
from shared.errors import InputError
from shared.writing import ATTRS

# spaCy keeps every string it has seen, some 600 bytes each with what depends on it. Beyond as
# many new ones a process starts over with a fresh pipeline. `nlp.memory_zone()` would do, too, but
# forgets the words of every shard: convert takes 2.5 times as long.
MAX_STRINGS = 200_000
NO_SPANS = Doc(Vocab()).spans.to_bytes()
Counts = Dict[str, Counter]
Job = Tuple[Block, bytes, Path]
_rules: Path  # the rules pipeline on disk, in a process that labels
_labeller: Optional[Labeller] = None
_reserved: Mapping[bytes, bytes]  # hashes of texts that people annotated
_n_strings: int  # what the vocabulary had at the start


def hash_block(block: Block) -> Optional[bytes]:
    """RETURNS (Optional[bytes]): The hashes of a block's texts, or None if it is not usable."""
    try:
        return b"".join(key_of(text, _reserved) for text in block.read())
    except InputError:
        return None


def held_out(job: Tuple[Block, bytes]) -> List[Tuple[str, str]]:
    """RETURNS (List[Tuple[str, str]]): Side and text of what is held out of a block's texts."""
    block, sides = job
    return [(SIDES[side], text) for text, side in zip(block.read(), sides) if side in (DEV, TEST)]


def write_shard(job: Job) -> Counts:
    """Label those texts of a block that are for training and write them as a shard.

    job (Tuple[Block, bytes, Path]): The block, the side of each of its texts, and the file.
    RETURNS (Dict[str, Counter]): "totals" has the number of "texts", of "tokens" and of texts
        "without_entities"; "labels", "matches" and "entities" count by label and by rule id;
        "forms" counts by (label, case-folded entity text).
    """
    assert _labeller
    if len(_labeller.nlp.vocab.strings) > _n_strings + MAX_STRINGS:
        start(_rules, _reserved)
    block, sides, path = job
    counts: Counts = {
        name: Counter() for name in ("totals", "labels", "matches", "entities", "forms")
    }
    docs = DocBin(ATTRS)
    for text, side in zip(block.read(), sides):
        if side == TRAIN:
            doc, rule_ids = _labeller(text)
            _store(docs, doc)
            if not rule_ids:
                counts["totals"]["without_entities"] += 1
                continue
            counts["matches"].update(rule_ids)
            for ent in doc.ents:
                counts["labels"][ent.label_] += 1
                counts["entities"][ent.ent_id_] += 1
                counts["forms"][ent.label_, ent.text.casefold()] += 1
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


def start(rules: Path, reserved: Mapping[bytes, bytes]) -> None:
    """Prepare this process to label.

    rules (Path): The rules pipeline on disk.
    reserved (Mapping[bytes, bytes]): Hashes of texts that people annotated, see `key_of`.
    """
    global _rules, _reserved, _labeller, _n_strings
    _rules, _reserved = rules, reserved
    _labeller = None
    gc.collect()  # the pipeline before is tied in circles, and two would take twice the memory
    _labeller = Labeller(spacy.load(rules))
    nlp = _labeller.nlp
    _n_strings = len(nlp.vocab.strings)
    nlp.tokenizer.max_cache_size = MAX_STRINGS  # type: ignore[union-attr]

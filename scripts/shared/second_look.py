"""A second look at the texts: what the model finds in texts that it did not learn from is learned, too."""

import time
from pathlib import Path
from typing import Any, Dict, List, Optional

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from tqdm import tqdm
from wasabi import msg

from shared.loading import read_docs
from shared.training import Training, train
from shared.writing import ATTRS, BY_PEOPLE, remove


def train_on_labels(
    corpus: Path,
    dev: Path,
    output: Path,
    training: Training,
    *,
    overrides: Optional[Dict[str, Any]] = None,
    log: Optional[Path] = None,
) -> float:
    """Train on what rules and people labelled, with vectors after a second look at the texts.

    corpus (Path): Training corpus, a folder of .spacy files, as convert writes it.
    dev (Path): Dev corpus.
    output (Path): Output folder, for config.cfg and model-best.
    training (Training): How to train.
    overrides (Dict[str, Any]): More settings of the config, by their dotted names.
    log (Path): The log that the config names, see `train`.
    RETURNS (float): The seconds that all of it took.
    RAISES (InputError): If the config can't be used.
    """
    start = time.perf_counter()
    looks = output / "looks"
    if training.vectors:
        corpus = look_twice(corpus, dev, looks, training, overrides)
    train(corpus, dev, output, training, overrides=overrides, log=log)
    remove(looks)
    return time.perf_counter() - start


def look_twice(
    corpus: Path,
    dev: Path,
    output: Path,
    training: Training,
    overrides: Optional[Dict[str, Any]] = None,
) -> Path:
    """Add to the rules' labels what a model finds in texts that it did not learn from.

    A model that is taught by rules learns from the texts themselves that what rules miss is none. So two
    models are trained first, each on one half of the texts, and look at the other half. What they find there
    where no rule matches becomes a label, too (self-training: Yarowsky, 1995, "Unsupervised Word Sense
    Disambiguation Rivaling Supervised Methods"; in folds, as CrossWeigh looks for mistakes: Wang et al.,
    2019). In a text with a match these two learn the match alone, and may find more around it; all that
    neither rules nor they find is none after that. Texts that people annotated stay as they are.

    Without vectors such models find hardly more than the rules do. "What was tried" in configs/README.md
    has figures.

    corpus (Path): Training corpus, a folder of .spacy files, as convert writes it.
    dev (Path): Dev corpus.
    output (Path): Output folder for all that is made.
    training (Training): How to train; each half with half of the steps.
    overrides (Dict[str, Any]): More settings of the config, by their dotted names.
    RETURNS (Path): The new corpus, or the old one if a half has no entity to learn.
    RAISES (InputError): If the config can't be used, or a shard is damaged.
    """
    halves = [output / f"half-{number}" for number in (1, 2)]
    if not all([_write_half(corpus, half / "train", number) for number, half in enumerate(halves)]):
        return corpus
    steps = training.max_steps  # None or 0 if they are not limited here
    shorter = training._replace(max_steps=steps and max(steps // 2, 1))
    for half in halves:
        msg.divider(f"First look: {half.name}", char="-")
        train(half / "train", dev, half, shorter, overrides=overrides)
    msg.divider("Second look", char="-")
    n_found = _look(corpus, [half / "model-best" for half in halves], output / "train")
    msg.info(f"Entities that no rule finds, taught as well: {n_found:,}")
    return output / "train"


def _write_half(corpus: Path, output: Path, half: int) -> int:
    """Write each second doc; in texts with a match all but the match is without annotation.

    RETURNS (int): The number of entities that there are to learn.
    """
    output.mkdir(parents=True)
    vocab = Vocab()
    n_entities = 0
    for path in sorted(corpus.glob("*.spacy")):
        docs = read_docs(path, vocab)[half::2]
        for doc in [] if path.match(BY_PEOPLE) else docs:
            if doc.ents:
                doc.set_ents(list(doc.ents), default="missing")
        n_entities += sum(len(doc.ents) for doc in docs)
        DocBin(ATTRS, docs=docs).to_disk(output / path.name)
    return n_entities


def _look(corpus: Path, models: List[Path], output: Path) -> int:
    """Write the corpus with what the model of the other half finds.

    RETURNS (int): How many entities that are.
    """
    output.mkdir()
    n_found = 0
    loaded = [spacy.load(path) for path in models]
    with tqdm(desc="Looking", unit=" texts", disable=None) as progress:
        for path in sorted(corpus.glob("*.spacy")):
            docs = read_docs(path, loaded[0].vocab)
            if not path.match(BY_PEOPLE):
                n_found += sum(_add_finds(nlp, docs[1 - n :: 2]) for n, nlp in enumerate(loaded))
            DocBin(ATTRS, docs=docs).to_disk(output / path.name)
            progress.update(len(docs))
    return n_found


def _add_finds(nlp: Language, docs: List[Doc]) -> int:
    """RETURNS (int): How many entities were added to the docs."""
    number = 0
    for doc, found in zip(docs, nlp.pipe(doc.text for doc in docs)):
        spans = [doc.char_span(ent.start_char, ent.end_char, ent.label_) for ent in found.ents]
        new = [span for span in spans if span and not any(token.ent_type_ for token in span)]
        doc.set_ents([*doc.ents, *new], default="outside")
        number += len(new)
    return number

"""The reference: the same training on people's annotations."""

import random
from pathlib import Path
from typing import List

from spacy.tokens import Doc, DocBin

from reading.splits import HELD_OUT
from shared.training import Training, train
from shared.writing import ATTRS


def train_reference(docs: List[Doc], output: Path, training: Training) -> float:
    """Train on people's annotations, less a tenth of them that is held out to stop early.

    docs (List[Doc]): The annotated docs.
    output (Path): A folder, made here, for corpora and model-best.
    training (Training): How to train.
    RETURNS (float): The seconds that training took.
    """
    n_dev = int(len(docs) * HELD_OUT)
    shuffled = random.Random(0).sample(docs, len(docs))
    output.mkdir()
    corpus, dev = output / "train.spacy", output / "dev.spacy"
    DocBin(ATTRS, docs=shuffled[n_dev:]).to_disk(corpus)
    DocBin(ATTRS, docs=shuffled[:n_dev]).to_disk(dev)
    return train(corpus, dev, output, training)

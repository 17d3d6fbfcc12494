"""How to train, for commands that train more than the workflow's own model."""

import random
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from spacy import util
from spacy.cli.train import train as spacy_train
from spacy.tokens import Doc, DocBin

from common import ATTRS
from splits import HELD_OUT


class Training(NamedTuple):
    """How to train, the same for all models that are compared."""

    config: Path
    seed: int
    max_steps: Optional[int]  # None for what the config says
    gpu_id: int = -1

    def overrides(self, train: Path, dev: Path) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Settings of the config, by their dotted names."""
        settings: Dict[str, Any] = {
            "paths.train": str(train),
            "paths.dev": str(dev),
            "system.seed": self.seed,
        }
        if self.max_steps is not None:
            settings["training.max_steps"] = self.max_steps
        return settings


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
    train, dev = output / "train.spacy", output / "dev.spacy"
    DocBin(ATTRS, docs=shuffled[n_dev:]).to_disk(train)
    DocBin(ATTRS, docs=shuffled[:n_dev]).to_disk(dev)
    return train_model(train, dev, output, training)


def train_model(train: Path, dev: Path, output: Path, training: Training) -> float:
    """Do what `spacy train` does.

    train (Path): Training corpus.
    dev (Path): Dev corpus.
    output (Path): Folder for model-best and model-last; the log goes beside it.
    training (Training): How to train.
    RETURNS (float): The seconds that training took.
    """
    overrides = training.overrides(train, dev)
    # The project's own log must stay what it is
    if "output_file" in util.load_config(training.config)["training"]["logger"]:
        overrides["training.logger.output_file"] = str(output) + ".log.jsonl"
    start = time.perf_counter()
    spacy_train(training.config, output, use_gpu=training.gpu_id, overrides=overrides)
    return time.perf_counter() - start

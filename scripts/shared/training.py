"""Train as `spacy train` does, for commands that train more than the workflow's own model."""

import time
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Sequence

from spacy import util
from spacy.cli._util import setup_gpu
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp


class Training(NamedTuple):
    """How to train, the same for all models that are compared."""

    config: Path
    seed: int
    max_steps: Optional[int]  # None for what the config says
    gpu_id: int = -1


def train(
    corpus: Path,
    dev: Path,
    output: Path,
    training: Training,
    *,
    overrides: Optional[Dict[str, Any]] = None,
    nlp_settings: Optional[Dict[str, Any]] = None,
    labels: Sequence[str] = (),
) -> float:
    """Do what `spacy train` does, and write config.cfg and model-best.

    corpus (Path): Training corpus, a .spacy file or a folder of them.
    dev (Path): Dev corpus.
    output (Path): Output folder.
    training (Training): How to train.
    overrides (Dict[str, Any]): More settings of the config, by their dotted names.
    nlp_settings (Dict[str, Any]): Sections to put into [nlp].
    labels (Sequence[str]): Labels to add to a recognizer that was trained before.
    RETURNS (float): The seconds that training took.
    """
    start = time.perf_counter()
    paths = {"paths.train": str(corpus), "paths.dev": str(dev), "system.seed": training.seed}
    settings = {**paths, **(overrides or {})}
    if training.max_steps is not None:
        settings["training.max_steps"] = training.max_steps
    config = util.load_config(training.config, overrides=settings, interpolate=False)
    config["nlp"].update(nlp_settings or {})
    # The project's own log must stay what it is
    if "output_file" in config["training"].get("logger", {}):
        config["training"]["logger"]["output_file"] = str(output / "log.jsonl")
    output.mkdir(parents=True, exist_ok=True)
    config.to_disk(output / "config.cfg")
    setup_gpu(training.gpu_id)
    nlp = init_nlp(config, use_gpu=training.gpu_id)
    for label in labels:
        # Training would add them as they come, those of a batch in the order of a set
        nlp.get_pipe("ner").add_label(label)  # type: ignore[attr-defined]
    train_nlp(nlp, output, use_gpu=training.gpu_id)
    return time.perf_counter() - start

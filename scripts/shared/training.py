"""Train as `spacy train` does, for commands that train more than the workflow's own model."""

import time
from configparser import ParsingError
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence

from spacy import util
from spacy.cli._util import setup_gpu
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from spacy.vocab import Vocab

from shared.errors import InputError
from shared.loading import read_docs, reason
from shared.vectors import Source, use_vectors
from shared.writing import remove

REMEDY = "Mend it, or make one to start from with create-config."


class Training(NamedTuple):
    """How to train, the same for all models that are compared."""

    config: Path
    seed: int
    max_steps: Optional[int]  # None for what the config says
    gpu_id: int = -1
    vectors: Optional[Source] = None  # pretrained ones, to be read by the config's tok2vec


@contextmanager
def usable(config: Path, corpus: Path, dev: Path) -> Iterator[None]:
    """Name the file that is to blame for what spaCy raises: a corpus, or else the config.

    config (Path): Training config.
    corpus (Path): Training corpus, a .spacy file or a folder of them.
    dev (Path): Dev corpus.
    RAISES (InputError): In place of errors that a person can mend.
    """
    try:
        yield
    except (InputError, OSError):
        raise
    except Exception as error:  # of many types, from reading what is something else
        for path in (dev, *(sorted(corpus.glob("*.spacy")) if corpus.is_dir() else [corpus])):
            read_docs(path, Vocab())
        if isinstance(error, (ValueError, LookupError, TypeError, ImportError, ParsingError)):
            raise InputError(
                f"Can't train with it: {reason(error)}", config, remedy=REMEDY
            ) from None
        raise


def check_training(training: Training) -> None:
    """Raise an InputError if the GPU can't be used, before anything long or lasting is done."""
    if training.gpu_id >= 0:
        try:
            setup_gpu(training.gpu_id, silent=True)
        except Exception as error:  # of CuPy's and CUDA's many types
            raise InputError(
                f"Can't use GPU {training.gpu_id}: {reason(error)}",
                remedy="Set vars.gpu_id to -1 to train without, or see configs/README.md.",
            ) from None


def train(
    corpus: Path,
    dev: Path,
    output: Path,
    training: Training,
    *,
    overrides: Optional[Dict[str, Any]] = None,
    nlp_settings: Optional[Dict[str, Any]] = None,
    labels: Sequence[str] = (),
    log: Optional[Path] = None,
) -> float:
    """Do what `spacy train` does, and write config.cfg and model-best.

    corpus (Path): Training corpus, a .spacy file or a folder of them.
    dev (Path): Dev corpus.
    output (Path): Output folder.
    training (Training): How to train.
    overrides (Dict[str, Any]): More settings of the config, by their dotted names.
    nlp_settings (Dict[str, Any]): Sections to put into [nlp].
    labels (Sequence[str]): Labels to add to a recognizer that was trained before.
    log (Path): The log that the config names, which is the project's own. Without it the log goes
        to the output folder.
    RETURNS (float): The seconds that training took.
    RAISES (InputError): If the config can't be used.
    """
    check_training(training)
    start = time.perf_counter()
    paths = {"paths.train": str(corpus), "paths.dev": str(dev), "system.seed": training.seed}
    settings = {**paths, **(overrides or {})}
    if training.max_steps is not None:
        settings["training.max_steps"] = training.max_steps
    with usable(training.config, corpus, dev):
        config = util.load_config(training.config, overrides=settings, interpolate=False)
        config["nlp"].update(nlp_settings or {})
        if training.vectors:
            use_vectors(config, training.vectors, training.config)
        if "output_file" in config["training"].get("logger", {}) and log is None:
            config["training"]["logger"]["output_file"] = str(output / "log.jsonl")
        output.mkdir(parents=True, exist_ok=True)
        config.to_disk(output / "config.cfg")
        setup_gpu(training.gpu_id)
        nlp = init_nlp(config, use_gpu=training.gpu_id)
        for label in labels:
            # Training would add them as they come, those of a batch in the order of a set
            nlp.get_pipe("ner").add_label(label)  # type: ignore[attr-defined]
        if log is not None:
            remove(log)  # spaCy writes none where one is
        train_nlp(nlp, output, use_gpu=training.gpu_id)
    return time.perf_counter() - start

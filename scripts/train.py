"""Train the entity recognizer, and put it in the place of the old one when it is complete."""

import os
from pathlib import Path

import typer
from wasabi import msg

from shared.commands import MAX_SEED, run
from shared.errors import clear_errors
from shared.second_look import train_on_labels
from shared.training import Training
from shared.vectors import find_vectors
from shared.writing import remove, staged


def train_cli(
    # fmt: off
    config: Path = typer.Argument(..., help="Training config"),
    corpus: Path = typer.Argument(..., help="Training corpus, a folder of .spacy files"),
    dev: Path = typer.Argument(..., help="Dev corpus, .spacy"),
    output: Path = typer.Argument(..., help="Output folder for the best model"),
    log: Path = typer.Argument(..., help="The log that the config names, JSONL"),
    lang: str = typer.Option("en", help="Language code"),
    seed: int = typer.Option(0, min=0, max=MAX_SEED, help="Seed of the training"),
    max_steps: int = typer.Option(..., min=0, help="Most steps to train"),
    gpu_id: int = typer.Option(-1, help="GPU to train on, -1 for none"),
    vectors: str = typer.Option("null", help="Package or folder with word vectors, null for none"),
    # fmt: on
) -> None:
    """Do what `spacy train` does, with word vectors after a second look at the texts."""
    with clear_errors():
        training = Training(config, seed, max_steps, gpu_id, find_vectors(vectors, lang))
        train_model(corpus, dev, output, log, training, lang)
        msg.good(f"Trained model: {output}")


def train_model(
    corpus: Path, dev: Path, output: Path, log: Path, training: Training, lang: str
) -> None:
    """Train, and replace the old model when the new one is complete.

    corpus (Path): Training corpus, a folder of .spacy files.
    dev (Path): Dev corpus.
    output (Path): Output folder for the best model.
    log (Path): The log that the config names.
    training (Training): How to train.
    lang (str): Language code.
    RAISES (InputError): If it can't train with what is set. The old model stays.
    """
    with staged(output, folder=True) as best:
        work = output.with_name(f".{output.name}.work.tmp")
        remove(work)
        try:
            overrides = {"nlp.lang": lang}
            train_on_labels(corpus, dev, work, training, overrides=overrides, log=log)
            os.replace(work / "model-best", best)
        finally:
            remove(work)


if __name__ == "__main__":
    run(train_cli)

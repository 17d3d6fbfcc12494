"""Write a training config to start from, for any language and components that spaCy has."""

from pathlib import Path
from typing import List

import typer
from spacy import util
from spacy.cli.debug_config import debug_config
from spacy.cli.init_config import init_config
from wasabi import msg

from reading.patterns import blank
from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.writing import staged

# What the corpora of this project can teach; the first two come with it
TAUGHT = ("tok2vec", "transformer", "ner")


def create_config_cli(
    # fmt: off
    output: Path = typer.Argument(..., help="Output file, .cfg; must not exist"),
    lang: str = typer.Option("en", help="Language code"),
    pipeline: str = typer.Option("ner", help="Components, comma-separated, without tok2vec"),
    # fmt: on
) -> None:
    """Write what `spacy init config` recommends for a language, and check it."""
    with clear_errors():
        create_config(output, lang, pipeline)
        msg.good(f"{output} is yours to edit")
        options = f"--vars.lang {lang} --vars.config {output.as_posix()}"
        print(f"Train with it: python -m spacy project run all . {options}")


def create_config(output: Path, lang: str, pipeline: str) -> None:
    """Write a complete config and check it as `spacy debug config` does.

    output (Path): The file to write. It must not exist.
    lang (str): Language code.
    pipeline (str): Names of components, comma-separated. "ner" must be among them.
    RAISES (InputError): If the file exists, or spaCy has no such language or component.
    """
    if output.exists() or output.is_symlink():  # also a link that leads nowhere
        raise InputError(
            "The file exists, and what you changed in it would be lost",
            output,
            remedy="Name another one with --vars.new_config, or delete it.",
        )
    names = [name.strip() for name in pipeline.split(",") if name.strip()]
    if "ner" not in names:
        raise InputError(
            f"No ner in the pipeline '{pipeline}'",
            remedy="Put it into vars.pipeline: this project trains entity recognizers.",
        )
    blank(lang)  # says what is wrong with the language
    try:
        config = init_config(lang=lang, pipeline=names)
    except ValueError as error:
        raise InputError(
            f"spaCy can't make a config for '{pipeline}': {' '.join(str(error).split())[:300]}",
            remedy="Set vars.pipeline to names of components, comma-separated: ner,sentencizer",
        ) from None
    # The report draws the learning curve from it
    config["training"]["logger"] = {
        "@loggers": "spacy.ConsoleLogger.v3",
        "progress_bar": "eval",
        "console_output": True,
        "output_file": "training/log.jsonl",
    }
    with staged(output) as path:
        config.to_disk(path, interpolate=False)
        debug_config(path, overrides={"paths.train": "train", "paths.dev": "dev"})
    for name in _untaught(output):
        msg.warn(f"The corpora of this project have entities only: {name} can't learn from them")


def _untaught(path: Path) -> List[str]:
    """RETURNS (List[str]): Components that need annotations which the corpora lack."""
    nlp = util.load_model_from_config(util.load_config(path))
    return [
        name
        for name, component in nlp.pipeline
        if name not in TAUGHT and getattr(component, "is_trainable", False)
    ]


if __name__ == "__main__":
    run(create_config_cli)

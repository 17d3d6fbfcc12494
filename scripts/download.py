"""Fetch trained pipelines that variables name, and say what to do where there is no network."""

import subprocess
import sys
from pathlib import Path
from typing import List

import typer
from wasabi import msg

from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.vectors import NONE, find_pipeline

OFFLINE = (
    "Is there a network? Without one, put the package's wheel here and `pip install` it, or unpack it "
    "and set the variable to the folder in it that has a config.cfg. spaCy's packages are listed at "
    "https://spacy.io/models."
)


def download_cli(
    # fmt: off
    names: List[str] = typer.Argument(
        ..., help="Packages, or folders that are there; null for none"
    ),
    # fmt: on
) -> None:
    """Fetch packages that are not installed, with `spacy download`."""
    with clear_errors():
        for name in dict.fromkeys(names):
            if name not in NONE:
                download(name)


def download(name: str) -> None:
    """Fetch a package if it is not there.

    name (str): A package that spaCy offers, or a folder.
    RAISES (InputError): If it can't be fetched.
    """
    found = find_pipeline(name)
    if found:
        msg.good(f"{name} is there: {found}")
        return
    if not name.isidentifier():
        raise InputError(
            "There is no such folder", Path(name), remedy="Name a folder or a package."
        )
    # A process of its own, since it ends with one of pip
    if subprocess.run([sys.executable, "-m", "spacy", "download", name]).returncode:
        raise InputError(f"Could not fetch '{name}'", remedy=OFFLINE)


if __name__ == "__main__":
    run(download_cli)

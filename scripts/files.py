"""Remove and move files, so that commands of spaCy write under a temporary name, too."""

from pathlib import Path
from typing import List

import typer

from shared.errors import clear_errors
from shared.writing import remove, replace

app = typer.Typer(add_completion=False)


@app.command("remove")
def remove_cli(paths: List[Path] = typer.Argument(..., help="Files or folders")) -> None:
    """Delete files and folders, if they exist."""
    with clear_errors():
        for path in paths:
            remove(path)


@app.command("move")
def move_cli(
    source: Path = typer.Argument(..., help="A finished file or folder"),
    target: Path = typer.Argument(..., help="Where it belongs; what was there before is replaced"),
) -> None:
    """Put a finished file or folder in its place."""
    with clear_errors():
        replace(source, target)


if __name__ == "__main__":
    app()

"""Files and folders that are complete or not there: what .spacy files store, and how it is written."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

# What training and evaluation need of a doc in a .spacy file; words and spaces are always stored
ATTRS = ["ENT_IOB", "ENT_TYPE"]


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Write a file or folder under a temporary name and move it into place when it is complete.

    A run that fails or is killed leaves what was there before, or nothing. Left-overs of a
    killed run are removed by the next one, since the temporary name is always the same.

    path (Path): Where the file or folder belongs. Its parent is created.
    YIELDS (Path): The temporary path beside it. Nothing exists there yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    remove(temporary)
    try:
        yield temporary
        if path.is_dir():  # a folder that has files can't be replaced in one step
            remove(path)
        os.replace(temporary, path)
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Delete a file or a folder with all it holds, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

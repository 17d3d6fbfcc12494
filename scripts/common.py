"""What every command shares: errors that people can act on, and writes that can't be left half done."""

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from wasabi import msg

# What training and evaluation need of a doc in a .spacy file; words and spaces are always stored
ATTRS = ["ENT_IOB", "ENT_TYPE"]


class InputError(ValueError):
    """Something a person provided is wrong and only they can mend it.

    message (str): What is wrong.
    path (Path): The file it is in.
    line (int): The line in that file, counted from 1, if there is one.
    remedy (str): What to do about it.
    unit (str): What is counted, if it is not lines.
    """

    def __init__(
        self,
        message: str,
        path: Optional[Path] = None,
        line: Optional[int] = None,
        remedy: str = "",
        unit: str = "line",
    ) -> None:
        where = "" if path is None else str(path)
        if line is not None:
            where = f"{where}, {unit} {line}"
        super().__init__(f"{where}: {message}" if where else message)
        self.remedy = remedy


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what a person can mend into one message and exit code 1, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # Not every terminal can show every character of a text
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    except InputError as error:
        # It may quote a file, so that what is in there must not steer the terminal
        text = "\n".join(map(printable, str(error).split("\n")))
        msg.fail(text, error.remedy, exits=1)
    except OSError as error:
        msg.fail(
            f"{error.filename or 'a file'}: {error.strerror or error}",
            "Check that the path exists, that it is a file or folder as expected, that "
            "you may write there, and that the disk is not full.",
            exits=1,
        )


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


def printable(text: str) -> str:
    """RETURNS (str): The text on one line, with nothing in it that could steer a terminal."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "\ufffd" for char in line)

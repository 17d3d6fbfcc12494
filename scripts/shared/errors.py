"""Errors that people can act on, in place of a traceback."""

import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from wasabi import msg

from shared.showing import printable


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
def naming(path: Path) -> Iterator[None]:
    """Name a file in errors of the system that name none, such as a full disk, or a temporary one."""
    try:
        yield
    except OSError as error:
        if error.filename is None or re.search(
            r"(^|[/\\])\.[^/\\]+\.(tmp|parts)\b", str(error.filename)
        ):
            error.filename = str(path)
        raise


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what a person can mend into one message and exit code 1, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # Not every terminal can show every character of a text
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except InputError as error:
        # It may quote a file, so that what is in there must not steer the terminal
        text = "\n".join(map(printable, str(error).split("\n")))
        msg.fail(text, error.remedy, exits=1)
    except BrokenPipeError:  # whoever read the output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        msg.fail(
            printable(f"{error.filename or 'a file'}: {error.strerror or error}"),
            "Check that the path exists, that it is a file or folder as expected, that "
            "you may write there, and that the disk is not full.",
            exits=1,
        )

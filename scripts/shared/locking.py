"""One writer at a time: locks that no killed process can leave behind, on every system."""

import os
import sys
from contextlib import suppress
from errno import EACCES, EAGAIN, EDEADLK
from pathlib import Path
from typing import BinaryIO, Optional

from shared.errors import InputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Lock:
    """Keeps other processes of this project from writing a file, until this one ends.

    path (Path): The file to be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.beside = path.with_name(f".{path.name}.lock.tmp")
        self.held: Optional[BinaryIO] = None

    def acquire(self) -> None:
        """Get the lock, or keep it.

        RAISES (InputError): If another process has it.
        """
        if self.held:
            return
        self.beside.parent.mkdir(parents=True, exist_ok=True)
        self.held = take(self.beside)
        if not self.held:
            raise InputError(
                "Another process is writing into this file",
                self.path,
                remedy="Close the page or the terminal that annotates, or go on there.",
            )

    def release(self) -> None:
        """Give the lock back, if it is held, and leave nothing behind."""
        if self.held:
            give_back(self.beside, self.held)
            self.held = None


def take(path: Path) -> Optional[BinaryIO]:
    """Lock a file that is there for nothing else. The system frees it however the process ends.

    path (Path): The file, made if it is missing.
    RETURNS (Optional[BinaryIO]): What holds the lock, None if somebody else has it.
    """
    while True:
        file = path.open("ab")
        try:
            if not _lock(file):
                file.close()
                return None
            # Whoever had it before may have removed it since it was opened: then it locks nothing
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        file.close()


def give_back(path: Path, file: BinaryIO) -> None:
    """Remove a file that was taken. Only who holds its lock may do so, and while it is held.

    path (Path): The file.
    file (BinaryIO): What holds the lock.
    """
    if sys.platform == "win32":
        file.close()  # what is open can't be removed there, by nobody, so that this is as safe
    with suppress(OSError):
        path.unlink()
    file.close()


def _lock(file: BinaryIO) -> bool:
    """RETURNS (bool): Whether nobody else has locked the file."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # On file systems that know no locks nobody can tell
        return error.errno not in (EACCES, EAGAIN, EDEADLK)
    return True

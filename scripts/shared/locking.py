"""One writer at a time: a lock that no killed process can leave behind, on every system."""

import errno
import sqlite3
from pathlib import Path
from typing import Optional

from shared.errors import InputError


class Lock:
    """Keeps other processes of this project from writing a file, until this one ends.

    It is SQLite's lock on an empty file beside the other one: part of Python, the same on all
    systems, and given back by the system however the process ends. The empty file stays, since to
    remove it could take the lock from somebody who just got it.

    path (Path): The file to be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held: Optional[sqlite3.Connection] = None

    def acquire(self) -> None:
        """Get the lock, or keep it.

        RAISES (InputError): If another process has it.
        """
        if self.held:
            return
        beside = self.path.with_name(f".{self.path.name}.lock.tmp")
        beside.parent.mkdir(parents=True, exist_ok=True)
        connection = None
        try:
            connection = sqlite3.connect(
                beside, timeout=0, isolation_level=None, check_same_thread=False
            )
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if connection:
                connection.close()
            if "locked" in str(error):
                raise InputError(
                    "Another process is writing into this file",
                    self.path,
                    remedy="Close the page or the terminal that annotates, or go on there.",
                ) from None
            raise PermissionError(errno.EACCES, f"no lock: {error}", str(beside)) from None
        self.held = connection

    def release(self) -> None:
        """Give the lock back."""
        if self.held:
            self.held.close()
            self.held = None

"""A command that runs as a process of its own, with its output for the page."""

import os
import re
import signal
import subprocess
import sys
import threading
from typing import Any, Dict, List, Optional

# Characters of output that are kept, the last ones
MAX_OUTPUT = 200_000
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Runner:
    """Runs one command at a time.

    command (List[str]): The command and its arguments.
    shown (str): The same as people write it.
    """

    def __init__(self, command: List[str], shown: str) -> None:
        self.command = command
        self.shown = shown
        self.mutex = threading.Lock()
        self.process: Optional[subprocess.Popen] = None
        self.code: Optional[int] = None  # of the last run, once all its output is here
        self.output = ""
        self.dropped = 0  # characters that are no longer kept

    @property
    def running(self) -> bool:
        """RETURNS (bool): Whether it runs now."""
        return self.process is not None and self.code is None

    def start(self) -> None:
        """Start the command, unless it runs already."""
        with self.mutex:
            if self.running:
                return
            self.output, self.dropped, self.code = "", 0, None
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf8",
                errors="replace",
                env={**os.environ, "ANSI_COLORS_DISABLED": "1", "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # so that all that it starts can be ended with it
            )
            threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def stop(self) -> None:
        """End the command and what it started, if it runs."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
        else:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()

    def show(self, start: int) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The output from a character on, and how the command is doing;
        "code" is None as long as it runs."""
        with self.mutex:
            output = self.output[max(start - self.dropped, 0) :]
            return {
                "command": self.shown,
                "output": output,
                "end": self.dropped + len(self.output),
                "started": self.process is not None,
                "code": self.code,
            }

    def _read(self, process: subprocess.Popen) -> None:
        assert process.stdout
        for line in process.stdout:
            with self.mutex:
                self.output += ESCAPES.sub("", line)
                surplus = max(len(self.output) - MAX_OUTPUT, 0)
                self.output, self.dropped = self.output[surplus:], self.dropped + surplus
        self.code = process.wait()

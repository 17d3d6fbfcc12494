"""A watch over a command: where it is stuck it is killed, and started again, told of what to leave out.

Python can't interrupt a Matcher or a regular expression. So the command runs in a process of its own, which
notes what it is at, as its workers do. The process that was started looks at the notes. It imports next to
nothing, so that it is there at once: a door calls `watch` before its other imports.
"""

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, TypeVar

VARIABLE = "WATCHED_NOTES"  # tells a process that it is watched, and where to put its notes
TICK = 0.2  # seconds from one look to the next
# The limit in seconds, and the number of what a process is at, 0 for nothing. What is counted comes
# behind it, as JSON that ends with a zero byte.
HEAD = struct.Struct("=dq")
SIZE = 2**15
GRACE = 3.0  # seconds that Ctrl+C leaves
OUT_OF_MEMORY = 70  # an exit code
ASKED = [
    -getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
Found = Dict[str, Any]
Item = TypeVar("Item")
Result = TypeVar("Result")

folder: Optional[Path] = None  # for the notes of this process, if it is watched
_notes: Optional[mmap.mmap] = None
_number: Any = [0]  # a part of the notes


# --- The process that watches


def watch() -> None:
    """Run this very command in another process, and only return there."""
    global folder
    if VARIABLE in os.environ:
        folder = Path(os.environ.pop(VARIABLE))
        threading.Thread(target=_end_with_watch, daemon=True).start()
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        attempt, code = 0, None
        while code is None:
            code = _run(Path(name) / str(attempt))
            attempt += 1
    sys.exit(code)


def _run(notes: Path) -> Optional[int]:
    """RETURNS (Optional[int]): The exit code of the command, or None if it is to be run again."""
    notes.mkdir()
    process = subprocess.Popen(
        [sys.executable, *sys.orig_argv[1:]],
        stdin=subprocess.PIPE,  # closed by the system if this process is killed
        env={**os.environ, VARIABLE: str(notes)},
    )
    ended = threading.Event()
    stuck: List[Found] = []
    look = threading.Thread(target=_look, args=(notes, process, ended, stuck), daemon=True)
    look.start()
    try:
        process.wait()
    except KeyboardInterrupt:  # the command may have it, too, but can't obey where it is stuck
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            _kill(notes, process)
        return 1
    finally:
        ended.set()
        look.join()
    if not stuck and process.returncode not in (0, 2, *ASKED):
        # A process that fails by itself is no longer at anything; one that the system killed is
        failed = process.pid if process.returncode == 1 else None
        stuck = [{**found, "died": True} for found in _read(notes) if found["pid"] != failed]
    _tell(stuck, process.returncode)
    if not stuck:
        return process.returncode if process.returncode in (0, 2) else 1
    with (notes.parent / "stuck.jsonl").open("a", encoding="utf8") as file:
        file.writelines(json.dumps(found) + "\n" for found in stuck)
    return None


def _look(
    notes: Path, process: subprocess.Popen, ended: threading.Event, stuck: List[Found]
) -> None:
    """Look at the notes until the command ends, or is at the same for too long. Looks are counted,
    and not seconds, so that a machine or a job that was asleep is not to blame."""
    looks: Dict[str, int] = {}
    while not ended.wait(TICK):
        seen = {json.dumps(found): found for found in _read(notes) if found["limit"]}
        looks = {key: looks.get(key, 0) + 1 for key in seen}
        stuck += [found for key, found in seen.items() if (looks[key] - 1) * TICK >= found["limit"]]
        if stuck:
            _kill(notes, process)
            return


def _read(notes: Path) -> List[Found]:
    """RETURNS (List[Found]): What the processes are at that are at something."""
    result = []
    for path in notes.iterdir():
        try:
            content = path.read_bytes()
            limit, number = HEAD.unpack_from(content)
            if number:
                what = json.loads(content[HEAD.size :].partition(b"\0")[0])
                result.append({**what, "limit": limit, "at": number, "pid": int(path.name)})
        except (OSError, ValueError, struct.error):
            pass  # it is being written
    return result


def _kill(notes: Path, process: subprocess.Popen) -> None:
    """Kill the command, and those of its workers that may not notice its end."""
    process.kill()
    for found in _read(notes):
        if found["pid"] != process.pid:
            try:
                os.kill(found["pid"], getattr(signal, "SIGKILL", signal.SIGTERM))
            except OSError:
                pass  # it has ended


def _tell(stuck: List[Found], code: int) -> None:
    if not stuck and code in (0, 1, 2, *ASKED):
        return
    from wasabi import msg  # only now: to import it takes its time

    print()  # behind a progress bar
    if not stuck:
        msg.fail("The command was killed", "It may have run out of memory.")
    elif "died" in stuck[0]:
        msg.warn(f"A process was killed at a {stuck[0]['kind']}: starting again, to find out more")
    else:
        limit = f"more than {stuck[0]['limit']:g} s"
        msg.warn(f"Stuck for {limit} at a {stuck[0]['kind']}: starting again, to find out more")


# --- The process that is watched


def take_notes(limit: float, where: Optional[Path] = None) -> None:
    """Begin to note what this process is at, if it is watched.

    limit (float): How many seconds it may be at the same, 0 for any number.
    where (Optional[Path]): The `folder` of the process that started this one, if another one did.
    """
    global _notes, _number
    where = where or folder
    if not where or _notes:
        return
    with (where / str(os.getpid())).open("w+b") as file:
        file.write(HEAD.pack(limit, 0).ljust(SIZE, b"\0"))
        file.flush()
        _notes = mmap.mmap(file.fileno(), SIZE)
    _number = memoryview(_notes)[HEAD.size - 8 : HEAD.size].cast("q")


def note(kind: str, **more: Any) -> None:
    """Note what is counted from here on.

    kind (str): A word for it.
    **more (Any): Whatever else tells a later attempt what is meant.
    """
    _number[0] = 0
    if _notes:
        data = json.dumps({"kind": kind, **more}).encode() + b"\0"
        _notes[HEAD.size : HEAD.size + len(data)] = data


def do(number: int, function: Callable[..., Result], *args: Any) -> Result:
    """Do something that may take too long.

    number (int): Its number, from 1.
    function (Callable): What to do.
    *args (Any): What to pass to it.
    RETURNS (Any): What it returns.
    """
    _number[0] = number
    try:
        return function(*args)
    except MemoryError:
        if _notes:
            os._exit(OUT_OF_MEMORY)  # with the note, as if the system had killed it
        raise
    finally:
        _number[0] = 0


def lines(records: Iterable[Tuple[Any, Item]]) -> Iterator[Tuple[Any, Item]]:
    """YIELDS (Tuple[Line, Any]): The records of a file, each noted as long as it is worked on."""
    path = None
    try:
        for where, record in records:
            if where.path != path:
                path = where.path
                note("line", path=str(path))
            _number[0] = where.number
            yield where, record
    finally:
        _number[0] = 0


def stuck() -> List[Found]:
    """RETURNS (List[Found]): What earlier attempts were at when they were killed: what was noted,
    "at" which number, and whether the process "died" of itself."""
    path = folder and folder.parent / "stuck.jsonl"
    if not path or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


def _end_with_watch() -> None:
    os.read(0, 1)
    os._exit(1)

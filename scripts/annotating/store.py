"""The file of annotated texts: every answer is on disk before it counts as saved, and none is lost."""

import hashlib
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from wasabi import msg

from reading.gold import Offsets, span_of
from reading.lines import Line, check_text, clean, dump, read_jsonl, string_of
from reading.splits import bare_hash
from shared.errors import InputError
from shared.locking import Lock
from shared.writing import staged


class Entry(NamedTuple):
    """A line of the file."""

    where: Line
    text: str
    record: Dict[str, Any]

    @property
    def tag(self) -> str:
        """RETURNS (str): What differs as soon as anything in the line does."""
        return hashlib.blake2b(dump(self.record), digest_size=8).hexdigest()

    @property
    def answer(self) -> str:
        """RETURNS (str): "accept", "reject", or what else the file says."""
        return str(self.record.get("answer", "accept"))

    @property
    def flagged(self) -> bool:
        """RETURNS (bool): Whether a person wants to come back to it."""
        return bool(self.record.get("flagged"))

    @property
    def spans(self) -> List[Offsets]:
        """RETURNS (List[Offsets]): The entities, whether they fit the text or not."""
        return [span_of(self.where, span) for span in self.record.get("spans") or []]


class Answer(NamedTuple):
    """What a person says of a text."""

    text: str
    spans: List[Offsets]
    answer: str = "accept"
    flagged: bool = False


class Store:
    """The records of a JSONL file in Prodigy's format, and the only one who writes them here.

    What somebody else writes into the file meanwhile is read before the next answer is written,
    so that it stays; only an answer to a line that they changed is refused.

    path (Path): The file. Made with the first answer if it is missing.
    RAISES (InputError): If it is no such file, or has a broken record.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix == ".gz":
            raise InputError(
                "Answers can't be added to a compressed file", path, remedy="Decompress it."
            )
        self.path = path.resolve()  # of a link, what it leads to is written
        self.lock = Lock(self.path)
        self.mutex = threading.RLock()
        self.entries: List[Entry] = []
        self.places: Dict[str, int] = {}  # of the first line of each text, by its key
        self._n_lines = 0
        self._signature: Optional[Tuple[int, ...]] = None
        self._mend()
        self.refresh()

    def __contains__(self, key: str) -> bool:
        return key in self.places

    def refresh(self) -> None:
        """Read the file, if it is new or something else has changed it.

        RAISES (InputError): If it can't be read any more.
        """
        with self.mutex:
            signature = self._sign()
            if signature == self._signature:
                return
            if signature is None:
                raise InputError("The file is gone", self.path, remedy="Put it back.")
            with self.path.open("rb") as file:
                self._n_lines = sum(1 for _ in file)
            entries = [_entry(where, record) for where, record in read_jsonl(self.path)]
            places: Dict[str, int] = {}
            for place, entry in enumerate(entries):
                places.setdefault(key_of(entry.text), place)
            self.entries, self.places = entries, places
            self._signature = signature

    def save(self, answer: Answer, seen: Optional[str]) -> Entry:
        """Write an answer to the disk, in the place of the one before if there is one.

        answer (Answer): The answer.
        seen (Optional[str]): The tag of the entry that the person corrects, None for a new one.
        RETURNS (Entry): The line as it is now in the file.
        RAISES (InputError): If somebody else wrote another answer there meanwhile, or the file
            is broken or locked. OSError if it can't be written.
        """
        with self.mutex:
            self.lock.acquire()
            self.refresh()
            place = self.places.get(key_of(answer.text))
            if place is None:
                if seen:
                    raise InputError("The line is gone from the file", self.path, remedy=RELOAD)
                return self._append(_record({}, answer))
            old = self.entries[place]
            record = _record(old.record, answer)
            if _content(record) == _content(old.record):
                return old  # said twice, since the first reply was lost, or nothing is changed
            if seen != old.tag:
                raise InputError(
                    "The text has another answer there by now",
                    self.path,
                    old.where.number,
                    RELOAD,
                )
            return self._replace(place, record)

    def _mend(self) -> None:
        """Take away the beginning of an answer that a kill has cut off: it never was saved."""
        if not self.path.is_file():
            return
        content = self.path.read_bytes()
        end = content.rfind(b"\n") + 1
        if not content[end:].startswith(BEGINNING) or _is_json(content[end:]):
            return
        self.lock.acquire()  # or another process may be writing it right now
        with self.path.open("rb+") as file:
            file.truncate(end)
        self.lock.release()
        msg.warn(f"{self.path}: the last line was cut off before it was saved, and is removed")

    def _append(self, record: Dict[str, Any]) -> Entry:
        data = dump(record) + b"\n"
        with self.path.open("ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                data = data if file.read(1) == b"\n" else b"\n" + data
            try:
                written = 0
                while written < len(data):
                    written += file.write(data[written:]) or 0
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)  # half an answer would break the file
                raise
        self._n_lines += 1
        entry = _entry(Line(self.path, self._n_lines), record)
        self.places.setdefault(key_of(entry.text), len(self.entries))
        self.entries.append(entry)
        self._signature = self._sign()
        return entry

    def _replace(self, place: int, record: Dict[str, Any]) -> Entry:
        old = self.entries[place]
        with self.path.open("rb+") as file:  # to write, since a file that is read-only must stay
            lines = file.read().split(b"\n")
        end = b"\r" if lines[old.where.number - 1].endswith(b"\r") else b""
        lines[old.where.number - 1] = dump(record) + end
        with staged(self.path) as temporary:
            with temporary.open("wb") as file:
                file.write(b"\n".join(lines))
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(self.path, temporary)
        self.entries[place] = _entry(old.where, record)
        self._signature = self._sign()
        return self.entries[place]

    def _sign(self) -> Optional[Tuple[int, ...]]:
        """RETURNS (Optional[Tuple[int, ...]]): What changes with the file, None if there is none."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        if not self.path.is_file():
            raise InputError("This is no file", self.path, remedy="Put the file back.")
        return found.st_mtime_ns, found.st_size, found.st_ino


# What a line that was written here begins with
BEGINNING = b'{"text": "'
RELOAD = "Your answer is not saved. Look at the one that is there."


def key_of(text: str) -> str:
    """RETURNS (str): What is the same for texts equal but for case and white space."""
    return bare_hash(text).hex()


def _entry(where: Line, record: Dict[str, Any]) -> Entry:
    entry = Entry(where, check_text(where, string_of(where, record, "text")), record)
    if not isinstance(record.get("spans") or [], list):
        raise where.error("'spans' is not a list")
    entry.spans  # noqa: B018  (raises an error if one is broken)
    return entry


def _record(old: Dict[str, Any], answer: Answer) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The record of an answer, with what else the old one holds."""
    text = old.get("text", answer.text)
    known = {_key(span): span for span in old.get("spans") or []}
    spans = [
        known.get(offsets) or dict(zip(("start", "end", "label"), offsets))
        for offsets in sorted(answer.spans)
    ]
    record = {**old, "text": text, "spans": spans, "answer": answer.answer}
    record.pop("flagged", None)
    return {**record, "flagged": True} if answer.flagged else record


def _key(span: Dict[str, Any]) -> Offsets:
    label = span.get("label")
    return span["start"], span["end"], clean(label) if isinstance(label, str) else ""


def _content(record: Dict[str, Any]) -> Tuple[Any, ...]:
    """RETURNS (Tuple[Any, ...]): What a person said, the same however it is written."""
    spans: Iterable[Dict[str, Any]] = record.get("spans") or []
    answer = record.get("answer", "accept")
    return sorted(map(_key, spans)), answer, bool(record.get("flagged"))


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True

"""Files and folders that are complete or not there: what .spacy files store, and how it is written."""

import json
import os
import re
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Optional, Set

from shared.errors import InputError, naming
from shared.locking import give_back, take

# What training and evaluation need of a doc in a .spacy file; words and spaces are always stored
ATTRS = ["ENT_IOB", "ENT_TYPE"]
# Shards of a training corpus with the texts that people annotated. They sort behind those with the rules'
# labels, from which the report takes examples
BY_PEOPLE = "annotated-*.spacy"
# What folders hold that this project makes: shards and predictions, a pipeline, a package. The
# names of the pipeline's components and of the package are in meta.json.
DOCS = re.compile(r"(\d{5,}|annotated-\d+|rules|model|pipeline)\.spacy")
PIPELINE = {"meta.json", "config.cfg", "tokenizer", "vocab"}
PACKAGE = {"meta.json", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "LICENSES_SOURCES"}
BUILT = {"build", "dist"}
# Some systems leave these wherever somebody looks
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
# Seconds to wait for another run. What is written in one go takes less.
PATIENCE = 2.0


@contextmanager
def staged(path: Path, folder: bool = False) -> Iterator[Path]:
    """Write a file or folder under a temporary name and move it into place when it is complete.

    A run that fails or is killed leaves what was there before, or nothing. Left-overs of a
    killed run are removed by the next one, since the temporary name is always the same.

    path (Path): Where the file or folder belongs. Its parent is created. If it is a link, what it
        leads to is written. Permissions are kept.
    folder (bool): Whether it is a folder. A path in .spacy may be either.
    YIELDS (Path): The temporary path beside it.
    RAISES (InputError): If something is there that must not be replaced (see `replace`), or if
        another run is writing it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _place(path, folder) as place:
        temporary = _beside(place)
        remove(temporary)
        try:
            if not folder and place.is_file() and ~place.stat().st_mode & 0o044:
                temporary.touch(0o600)  # what not everybody may read is hidden from the start
            yield temporary
            _put(temporary, place, path)
        finally:
            remove(temporary)


def replace(source: Path, target: Path) -> None:
    """Put a finished file or folder in its place. Permissions stay as they were there.

    A file only takes the place of a file, and a folder that of a folder which holds nothing but
    what this project makes. Under a name in .spacy one may take the other's: both hold docs.

    source (Path): The file or folder.
    target (Path): Where it belongs. If it is a link, what it leads to is replaced.
    RAISES (InputError): If something else is there, or another run is writing it. Nothing is
        changed then.
    """
    with _place(target, source.is_dir()) as place:
        if source.stat().st_dev == place.parent.stat().st_dev:
            _put(source, place, target)
            return
        temporary = _beside(place, ".copy")  # the link leads to another disk
        remove(temporary)
        try:
            shutil.move(source, temporary)
            _put(temporary, place, target)
        finally:
            remove(temporary)


def remove(path: Path) -> None:
    """Delete a file or a folder with all it holds, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _place(path: Path, folder: bool) -> Iterator[Path]:
    """YIELDS (Path): Where the path leads, for nobody else to write meanwhile."""
    place = Path(os.path.realpath(path))
    with naming(path), _locked(place, path):
        old = _beside(place, ".old")
        if old.exists() and not place.exists():
            os.replace(old, place)  # a run was killed in between
        remove(old)
        _check(place, path, folder)
        yield place


def _put(source: Path, place: Path, path: Path) -> None:
    _check(place, path, source.is_dir())
    old = _beside(place, ".old")
    if place.exists():
        if place.is_dir() == source.is_dir():
            _keep_permissions(place, source)
        if place.is_dir() or source.is_dir():  # can't be replaced in one step
            os.replace(place, old)
    try:
        os.replace(source, place)
    except BaseException:
        if old.exists():
            os.replace(old, place)
        raise
    remove(old)


def _check(place: Path, path: Path, folder: bool) -> None:
    """Raise an InputError if a file or folder must not replace what is in a place."""
    if not place.exists() and not place.is_symlink():  # it still is one if it leads to itself
        return
    foreign = _foreign(place) if place.is_dir() else None
    if not place.is_dir() and not place.is_file():
        problem = "It is neither a file nor a folder"
    elif place.is_dir() != folder and place.suffix != ".spacy":
        problem = (
            f"It is a {'file' if folder else 'folder'}, not a {'folder' if folder else 'file'}"
        )
    elif foreign:
        problem = f"The folder holds {foreign}, which this project did not make"
    elif not os.access(place, os.W_OK):
        problem = "It is read-only"
    else:
        return
    raise InputError(problem, path, remedy="Move it elsewhere, or name another output.")


def _foreign(folder: Path) -> Optional[str]:
    """RETURNS (Optional[str]): The name of something in a folder that this project did not make."""
    made = _named_in(folder / "meta.json") | LITTER
    for entry in sorted(folder.iterdir()):
        if entry.name == "dev" and entry.is_dir():  # predictions for dev lie in those for test
            found = _foreign(entry)
            if found:
                return f"{entry.name}/{found}"
        elif entry.name not in made and not DOCS.fullmatch(entry.name):
            return entry.name
    return None


def _named_in(meta_path: Path) -> Set[str]:
    """RETURNS (Set[str]): What is beside the meta.json of a pipeline or package."""
    try:
        meta = json.loads(meta_path.read_text(encoding="utf8"))
        components = set(meta["components"])
        name = f"{meta['lang']}_{meta['name']}"
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    if (meta_path.parent / "setup.py").exists():
        return {*PACKAGE, *BUILT, name, f"{name}.egg-info"}
    return {*PIPELINE, *components, *(Path(name).stem + ".json" for name in components)}


def _keep_permissions(old: Path, new: Path) -> None:
    found = old.stat()
    if hasattr(os, "chown"):
        with suppress(OSError):  # only the administrator may give a file to others
            os.chown(new, found.st_uid, found.st_gid)
    new.chmod(stat.S_IMODE(found.st_mode))


def _beside(place: Path, kind: str = "") -> Path:
    """RETURNS (Path): A hidden path that git ignores and that is always the same."""
    return place.with_name(f".{place.name}{kind}.tmp")


@contextmanager
def _locked(place: Path, path: Path) -> Iterator[None]:
    """Keep other runs from writing the same. The system frees what a killed run has locked."""
    lock = _beside(place, ".writing")
    deadline = time.monotonic() + PATIENCE
    while not (file := take(lock)):
        if time.monotonic() > deadline:
            raise InputError(
                "Another run is active and is writing it",
                path,
                remedy="Wait until it has ended, or stop it.",
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        give_back(lock, file)

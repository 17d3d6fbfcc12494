"""What tests of whole projects share: changes to them, and what they made."""

import hashlib
import shutil
from pathlib import Path
from typing import Callable, Dict

import srsly

from reading.splits import gold_side


def contents(folder: Path) -> Dict[str, str]:
    """RETURNS (Dict[str, str]): A checksum of each file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def results(project: Path) -> Dict[str, str]:
    """RETURNS (Dict[str, str]): Checksums of what must be the same in every run: corpora, weights,
    scores, the package's files. Archives hold time stamps."""
    files = {}
    for name in ("corpus", "training", "packages"):
        for path, checksum in contents(project / name).items():
            if not path.endswith((".whl", ".tar.gz")) and ".egg-info" not in path:
                files[f"{name}/{path}"] = checksum
    return files


def change(name: str, old: str = "", new: str = "\n# changed\n") -> Callable[[Path], None]:
    """RETURNS (Callable): Replaces text in a file of a project, or appends to the file."""

    def do(project):
        path = project / name
        text = path.read_text("utf8")
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf8")

    return do


def gold_line(side: str) -> str:
    """RETURNS (str): A gold record that goes to dev or test."""
    texts = (f"One more iPhone 8 here, {number}" for number in range(99))
    text = next(text for text in texts if gold_side(text) == side)
    return (
        srsly.json_dumps({"text": text, "spans": [{"start": 9, "end": 17, "label": "GADGET"}]})
        + "\n"
    )


def fresh(project: Path, tmp_path: Path) -> Path:
    """RETURNS (Path): The project as another person clones it, without outputs."""
    other = tmp_path / "elsewhere" / "clone"
    shutil.copytree(project, other)
    (other / "project.lock").unlink()
    for name in ("corpus", "training", "packages"):
        for path in (other / name).iterdir():
            if path.name != ".gitignore":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return other

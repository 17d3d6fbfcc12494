"""What most tests share: the course's texts, and ways to run commands, those of the READMEs included."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

from typer import Typer
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
READMES = [ROOT / name / "README.md" for name in (".", "assets", "configs", "scripts")]
ALL = ["convert", "train", "assemble", "evaluate", "report", "package", "check-package"]
# spaCy's language with the fewest special cases: to make a pipeline takes a fifth of the time that it
# takes for English. For tests that are not about a language.
LANG = "xx"

# The six texts, and the two rules, of spaCy's course
COURSE_TEXTS = [
    "How to preorder the iPhone X",
    "iPhone X is coming",
    "Should I pay $1,000 for the iPhone X?",
    "The iPhone 8 reviews are here",
    "iPhone 11 vs iPhone 8: What's the difference?",
    "I need a new phone! Any tips?",
]
COURSE_PATTERNS = [
    {"label": "GADGET", "pattern": [{"LOWER": "iphone"}, {"LOWER": "x"}]},
    {"label": "GADGET", "pattern": [{"LOWER": "iphone"}, {"IS_DIGIT": True}]},
]


# --- Files


def write_jsonl(path: Path, records) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf8")
    return path


def read_jsonl(path: Path) -> List[dict]:
    return [json.loads(line) for line in path.read_text("utf8").splitlines()]


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf8")


def copy(project: Path, tmp_path: Path) -> Path:
    """RETURNS (Path): A copy of a project, to work on."""
    return Path(shutil.copytree(project, tmp_path / "copy"))


# --- Commands


def environment() -> Dict[str, str]:
    """RETURNS (Dict[str, str]): The environment for commands: one thread, and no word on whether
    Python writes its cache, since that is what the commands must say themselves."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def run(*args, cwd: Path, check: bool = True, **kwargs) -> subprocess.CompletedProcess:
    """Run this Python with arguments; output comes back as text, without colours."""
    result = subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf8",
        **kwargs,
    )
    result.stdout = re.sub(r"\x1b\[[\d;]*m", "", result.stdout)
    if check and result.returncode:
        raise AssertionError(f"{args} failed:\n{result.stdout}\n{result.stderr}")
    return result


def door(name: str, *args) -> List[str]:
    """RETURNS (List[str]): The arguments that make Python run a door of scripts/."""
    return ["-B", str(ROOT / "scripts" / f"{name}.py"), *map(str, args)]


def ran(project: Path, *options) -> List[str]:
    """Run the workflow; RETURNS (List[str]): the commands that were not skipped."""
    # What `spacy project run` does, less the time that it takes to import spaCy
    return not_skipped(run("-m", "weasel", "run", "all", ".", *options, cwd=project).stdout)


def not_skipped(output: str) -> List[str]:
    """RETURNS (List[str]): The commands of the workflow that, by its output, were not skipped."""
    skipped = re.findall(r"Skipping '([\w-]+)': nothing changed", output)
    assert set(skipped) <= set(ALL)
    return [name for name in ALL if name not in skipped]


def invoke(command: Callable, *args) -> Any:
    """Call what a door does with its arguments, in this process. A traceback fails the test.

    RETURNS (Any): How it ended; "flat" is what it printed, on one line.
    """
    app = Typer()
    app.command()(command)
    result = CliRunner().invoke(app, list(map(str, args)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    result.flat = " ".join(result.output.split())
    return result


# --- The READMEs


def readme_section(title: str) -> str:
    """RETURNS (str): What the only README that has a section of this title says in it."""
    found = []
    for path in filter(Path.exists, READMES):
        parts = re.split(rf"^(##+) {re.escape(title)}\n", path.read_text("utf8"), flags=re.M)
        if len(parts) > 1:
            _, level, content = parts
            found.append(re.split(rf"^#{{2,{len(level)}}} ", content, flags=re.M)[0])
    assert len(found) == 1, f"{len(found)} sections have the title {title}"
    return found[0]


def readme_commands(title: str, start: str = "") -> List[List[str]]:
    """RETURNS (List[List[str]]): The arguments of the Python commands in a section of the READMEs,
    of those that begin so."""
    lines = re.findall(r"^ *python (.+)$", readme_section(title), re.M)
    found = [shlex.split(line) for line in lines if line.startswith(start)]
    assert found, start
    return found


def variables(args: List[str]) -> Dict[str, str]:
    """RETURNS (Dict[str, str]): The variables that a command sets, by name."""
    pairs = zip(args, args[1:])
    return {k[len("--vars.") :]: value for k, value in pairs if k.startswith("--vars.")}


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for something to be so, and fail if it takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)

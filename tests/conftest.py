"""Fixtures: small data for single commands, and real clones of the project for whole runs."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import List

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

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


def write_jsonl(path: Path, records) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf8")
    return path


@pytest.fixture
def inputs(tmp_path) -> SimpleNamespace:
    """Paths of small, valid inputs; a test spoils what it is about."""
    texts = [f"{text} ({number})" for number in range(20) for text in COURSE_TEXTS]
    return SimpleNamespace(
        folder=tmp_path,
        texts=write_jsonl(tmp_path / "texts.jsonl", [{"text": text} for text in texts]),
        patterns=write_jsonl(tmp_path / "patterns.jsonl", COURSE_PATTERNS),
        gold=write_jsonl(tmp_path / "gold.jsonl", []),
        suggestions=write_jsonl(tmp_path / "suggestions.jsonl", []),
        corpus=tmp_path / "corpus",
        rules=tmp_path / "rules",
    )


def run(*args, cwd: Path, check: bool = True, **kwargs) -> subprocess.CompletedProcess:
    """Run this Python with arguments; output comes back as text, without colours."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf8",
        **kwargs,
    )
    result.stdout = re.sub(r"\x1b\[[\d;]*m", "", result.stdout)
    if check and result.returncode:
        raise AssertionError(f"{args} failed:\n{result.stdout}\n{result.stderr}")
    return result


def readme_commands(section: str) -> List[List[str]]:
    """RETURNS (List[List[str]]): The arguments of the Python commands in a section of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf8")
    content = text.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    return [shlex.split(args) for args in re.findall(r"^ {4}python (.+)$", content, re.M)]


def readme(section: str, start: str) -> List[List[str]]:
    """RETURNS (List[List[str]]): Those of a section of the README that begin so."""
    found = [args for args in readme_commands(section) if " ".join(args).startswith(start)]
    assert found, start
    return found


@pytest.fixture(scope="session")
def repository(tmp_path_factory) -> str:
    """The URL of a git repository with the project as it is now, uncommitted changes included."""
    folder = tmp_path_factory.mktemp("repository") / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("git does not know this folder, so there is nothing to clone")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Test"]):
        subprocess.run([*git, *args], cwd=folder, check=True)
    return folder.as_uri()


@pytest.fixture(scope="session")
def clone(repository, tmp_path_factory) -> Path:
    """A fresh clone, made the way the README says. Tests work on copies of it."""
    folder = tmp_path_factory.mktemp("clone")
    run("-m", "spacy", "project", "clone", ".", "project", "--repo", repository, cwd=folder)
    return folder / "project"


@pytest.fixture(scope="session")
def small_clone(clone, tmp_path_factory) -> Path:
    """A clone with a part of its data and few training steps, so that `all` is quick."""
    project = tmp_path_factory.mktemp("small") / "project"
    shutil.copytree(clone, project)
    for name, size in (("texts", 400), ("gold", 150)):
        path = project / "assets" / f"{name}.jsonl"
        lines = path.read_text(encoding="utf8").splitlines(keepends=True)
        path.write_text("".join(lines[:size]), encoding="utf8")
    replace_in(project / "project.yml", "  max_steps: 600", "  max_steps: 40")
    replace_in(project / "configs" / "ner.cfg", "eval_frequency = 50", "eval_frequency = 20")
    return project


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf8")


@pytest.fixture(scope="session")
def finished(small_clone, tmp_path_factory) -> Path:
    """The small clone after `spacy project run all`. Tests work on copies of it."""
    project = tmp_path_factory.mktemp("finished") / "project"
    shutil.copytree(small_clone, project)
    result = run("-m", "spacy", "project", "run", "all", cwd=project)
    (project / "output.txt").write_text(result.stdout, encoding="utf8")
    return project

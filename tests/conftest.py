"""Fixtures: small data for single commands, and real clones of the project for whole runs."""

import gc
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Dict

import pytest
from helpers import update_data
from helpers.little import little_project
from helpers.running import COURSE_PATTERNS, COURSE_TEXTS, ROOT, replace_in, run, write_jsonl


def pytest_configure() -> None:
    # A shell without job control starts what it puts into the background so that it, and all that it
    # starts, ignores Ctrl+C, which some tests are about
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    # convert collects garbage, which takes a time for all that the imports above have made
    gc.freeze()


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


@pytest.fixture
def files(tmp_path) -> Path:
    """A folder with gold and annotated texts, both empty, to import into."""
    (tmp_path / "gold.jsonl").touch()
    (tmp_path / "annotated.jsonl").touch()
    return tmp_path


@pytest.fixture(scope="session")
def little(tmp_path_factory) -> Dict[str, Path]:
    """The files of a little project, by name. Tests don't change them."""
    return little_project(tmp_path_factory.mktemp("little"))


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Path:
    """A trained pipeline to update."""
    return update_data.make_base(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="session")
def fruits(tmp_path_factory) -> SimpleNamespace:
    """Corpora and rules that teach it a new label."""
    return update_data.converted(tmp_path_factory.mktemp("fruits"))


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


@pytest.fixture(scope="session")
def finished(small_clone, tmp_path_factory) -> Path:
    """The small clone after `spacy project run all`. Tests work on copies of it."""
    project = tmp_path_factory.mktemp("finished") / "project"
    shutil.copytree(small_clone, project)
    result = run("-m", "spacy", "project", "run", "all", cwd=project)
    (project / "output.txt").write_text(result.stdout, encoding="utf8")
    return project

"""Files that other commands made and something damaged: each command names the file, no traceback."""

import importlib
import shlex
import shutil
from pathlib import Path

import pytest
from helpers.running import invoke
from weasel.util import load_project_config

# What is damaged, and the commands that read it
CASES = {
    "corpus/test.spacy": ["evaluate", "report", "check-package"],
    "corpus/stats.json": ["evaluate", "report"],
    "corpus/dev.spacy": ["train"],
    "corpus/train/00000.spacy": ["train", "report"],
    "training/metrics.json": ["report", "package"],
    "training/predictions/rules.spacy": ["report"],
    "training/model-best/ner/model": ["evaluate"],
    "training/pipeline/config.cfg": ["evaluate", "check-package"],
    "training/rules/span_ruler/patterns": ["evaluate", "report"],
}


def run_in_process(project: Path, name: str):
    """Call the door of a command with the arguments that project.yml gives it."""
    [command] = [c for c in load_project_config(project)["commands"] if c["name"] == name]
    _, _, script, *args = shlex.split(command["script"][-1])
    door = Path(script).stem
    return invoke(getattr(importlib.import_module(door), f"{door}_cli"), *args)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, command", [(name, command) for name, commands in CASES.items() for command in commands]
)
def test_damaged_file_is_named(name, command, finished, tmp_path, monkeypatch):
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    monkeypatch.chdir(project)
    path = project / name
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"hello"):
        path.write_bytes(damaged)
        result = run_in_process(project, command)
        assert result.exit_code == 1, result.flat
        assert name.split("/")[1].split(".")[0] in result.flat
    assert (project / "training" / "model-best" / "meta.json").exists()

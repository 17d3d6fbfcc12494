"""Others get what was made: by Weasel's push and pull, and by DVC."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly
from helpers.running import ROOT, readme, run
from test_project import ALL, change, copy, ran

import dvc_export
from shared.errors import InputError


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


@pytest.mark.slow
def test_pull_instead_of_running(finished, tmp_path):
    project = copy(finished, tmp_path)
    assert ran(project) == []
    other = fresh(project, tmp_path)
    change("project.yml", '"../remote"', f'"{tmp_path.as_posix()}/remote"')(project)
    change("project.yml", '"../remote"', f'"{tmp_path.as_posix()}/remote"')(other)
    run(*readme("Share", "-m spacy project push")[0], cwd=project)
    run(*readme("Share", "-m spacy project pull")[0], cwd=other)
    assert ran(other) == []
    name = "training/pipeline/ner/model"
    assert (other / name).read_bytes() == (project / name).read_bytes()


def test_outputs_can_be_removed_before_a_pull(tmp_path):
    (line,) = re.findall(r"^    (git clean .*)$", (ROOT / "README.md").read_text("utf8"), re.M)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name in ("corpus", "training", "packages"):
        (tmp_path / name).mkdir()
        shutil.copy(ROOT / name / ".gitignore", tmp_path / name)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "corpus" / "train").mkdir()
    (tmp_path / "corpus" / "train" / "00000.spacy").touch()
    (tmp_path / "training" / "metrics.json").touch()
    subprocess.run(line.split(), cwd=tmp_path, check=True)
    for name in ("corpus", "training", "packages"):
        assert [path.name for path in (tmp_path / name).iterdir()] == [".gitignore"]


@pytest.mark.slow
def test_pull_finds_nothing_for_other_inputs(finished, tmp_path):
    project = copy(finished, tmp_path)
    remote = tmp_path / "remote"
    run("-m", "weasel", "push", remote, cwd=project)
    other = fresh(project, tmp_path)
    change("assets/patterns.jsonl", new='{"label": "GADGET", "pattern": "phone"}\n')(other)
    run("-m", "weasel", "pull", remote, cwd=other)
    assert not (other / "corpus" / "train").exists()
    # Weasel notes commands without outputs
    assert not set(ALL) & set(srsly.read_yaml(other / "project.lock"))


def test_dvc_pipeline_has_what_weasel_has():
    stages = dvc_export.export(ROOT, "all")
    assert list(stages) == ALL
    commands = {c["name"]: c for c in srsly.read_yaml(ROOT / "project.yml")["commands"]}
    for name, stage in stages.items():
        assert len(stage["deps"]) == len(commands[name]["deps"])
        assert "${" not in str(stage)
    (params,) = stages["train"]["params"]
    assert {"vars.config", "vars.seed", "vars.max_steps", "commands"} <= set(params["project.yml"])
    assert dvc_export.export(ROOT, "update-all")["update"]["always_changed"]
    assert "vars.texts" in str(dvc_export.export(ROOT, "update-all")["update"]["params"])
    with pytest.raises(InputError, match="No workflow 'none'"):
        dvc_export.export(ROOT, "none")


@pytest.mark.slow
def test_dvc_runs_and_skips(finished, tmp_path, monkeypatch):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    dvc = shutil.which("dvc", path=path)
    if not dvc:
        pytest.skip("DVC is not installed: pip install -r requirements-dvc.txt")
    project = copy(finished, tmp_path)
    for name, value in {
        "PATH": path,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HOME": str(tmp_path),
        "OMP_NUM_THREADS": "1",
    }.items():
        monkeypatch.setenv(name, value)

    def call(*args) -> str:
        result = subprocess.run(args, cwd=project, capture_output=True, text=True)
        assert not result.returncode, result.stdout + result.stderr
        return re.sub(r"\x1b\[[\d;]*m", "", result.stdout)

    def repro() -> list:
        output = call(dvc, "repro")
        skipped = re.findall(r"Stage '([\w-]+)' didn't change, skipping", output)
        assert len(skipped) + output.count("Running stage '") == len(ALL)
        # What DVC does not skip, Weasel still may
        by_weasel = re.findall(r"Skipping '([\w-]+)': nothing changed", output)
        return [name for name in ALL if name not in [*skipped, *by_weasel]]

    text = (ROOT / "README.md").read_text("utf8")
    lines = [line.split() for line in re.findall(r"^    ((?:git|dvc) .*)$", text, re.M)]
    assert ["dvc", "repro"] in lines
    call("git", "init", "-q")
    for line in lines:
        if line[0] == "dvc" and line[1] in ("config", "init"):
            call(dvc, *line[1:])
    run(*readme("Share", "-m spacy project run dvc")[0], cwd=project)
    # Everything is there already
    assert repro() == []
    change("project.yml", "  min_f: 0\n", "  min_f: 0.01\n")(project)
    assert repro() == ["evaluate"]
    # What is lost comes back from DVC's cache, as after `dvc pull`
    shutil.rmtree(project / "training" / "pipeline")
    call(dvc, "checkout")
    assert (project / "training" / "pipeline" / "config.cfg").exists()
    change("scripts/files.py")(project)
    assert repro() == ["train", "assemble"]
    assert "analytics" in (tmp_path / "config" / "dvc" / "config").read_text("utf8")

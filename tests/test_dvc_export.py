"""dvc: the workflow as a pipeline of DVC."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly
from helpers.project import change
from helpers.running import ALL, ROOT, copy, readme_commands, readme_section, run

import dvc_export
from shared.errors import InputError


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
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

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

    found = re.findall(r"^    ((?:git|dvc) .*)$", readme_section("Share"), re.M)
    lines = [line.split() for line in found]
    assert ["dvc", "repro"] in lines
    call("git", "init", "-q")
    for line in lines:
        if line[0] == "dvc" and line[1] in ("config", "init"):
            call(dvc, *line[1:])
    run(*readme_commands("Share", "-m spacy project run dvc")[0], cwd=project)
    # Everything is there already
    assert repro() == []
    change("project.yml", "  min_f: 0\n", "  min_f: 0.01\n")(project)
    # package reads what the package says of itself from there
    assert repro() == ["evaluate", "package", "check-package"]
    # What is lost comes back from DVC's cache, as after `dvc pull`
    shutil.rmtree(project / "training" / "pipeline")
    call(dvc, "checkout")
    assert (project / "training" / "pipeline" / "config.cfg").exists()
    change("scripts/files.py")(project)
    assert repro() == ["assemble"]
    assert "analytics" in (tmp_path / "config" / "dvc" / "config").read_text("utf8")

"""The workflow all: what runs again after a change, and what a kill leaves."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import srsly
from helpers.house import needs
from helpers.project import change, gold_line, results
from helpers.running import ALL, ROOT, copy, environment, ran, run

# --- What runs again


@pytest.mark.slow
def test_unchanged_project_skips_all(finished, tmp_path):
    """Also after other commands have run: Python, which caches by default, left nothing in scripts/."""
    project = copy(finished, tmp_path)
    for name in ("predict", "create-config", "dvc"):
        run("-m", "spacy", "project", "run", name, cwd=project)
    assert ran(project) == []
    assert not list((project / "scripts").rglob("__pycache__"))


def test_dependencies_name_every_door_and_folder():
    """Each command of the workflow depends on its doors, and on all that these import."""
    for entry in srsly.read_yaml(ROOT / "project.yml")["commands"]:
        if entry["name"] in ALL:
            doors = set(re.findall(r"scripts/(\w+)\.py", " ".join(entry["script"])))
            folders = set().union(*map(needs, doors))
            needed = {f"scripts/{door}.py" for door in doors}
            needed |= {f"scripts/{folder}" for folder in folders}
            assert needed == {d for d in entry["deps"] if d.startswith("scripts/")}, entry["name"]


def delete(name):
    def do(project):
        path = project / name
        assert path.exists()
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return do


def spoil(name):
    """Append a byte to an output, or to a file in it."""

    def do(project):
        path = project / name
        if path.is_dir():
            path = max(
                (p for p in path.rglob("*") if p.is_file()), key=lambda p: p.suffix == ".cfg"
            )
        path.write_bytes(path.read_bytes() + b" ")

    return do


def nothing(project):
    pass


FROM_TRAIN = ALL[1:]
ANSWER = '{"text": "the", "label": "GADGET", "score": 1.0, "count": 9, "examples": [], "answer": "accept"}\n'
PACKAGE = "packages/en_gadget_ner-0.1.0/dist"
# What is changed, options, and the commands that run again. Where a command runs and makes the
# same as before, those after it are skipped.
CASES = {
    # inputs
    "texts": (change("assets/texts.jsonl", new='{"text": "my iPhone 8"}\n'), [], ALL),
    "patterns": (
        change("assets/patterns.jsonl", new='{"label": "GADGET", "pattern": "phone"}\n'),
        [],
        ALL,
    ),
    # dev only chooses among the same models; the best one is the same here, so is the pipeline
    "gold": (
        change("assets/gold.jsonl", new=gold_line("dev")),
        [],
        ["convert", "train", "evaluate", "report", "package", "check-package"],
    ),
    "gold in test": (
        change("assets/gold.jsonl", new=gold_line("test")),
        [],
        ["convert", "evaluate", "report", "package", "check-package"],
    ),
    "suggestions": (change("assets/suggestions.jsonl", new=ANSWER), [], ALL),
    "annotated": (change("assets/annotated.jsonl", new=gold_line("test")), [], ALL),
    "config": (change("configs/ner.cfg", "dropout = 0.", "dropout = 0.0"), [], FROM_TRAIN),
    "pipeline config": (change("configs/pipeline.cfg"), [], ["assemble"]),
    # scripts
    "convert.py": (change("scripts/convert.py"), [], ["convert"]),
    "labelling": (change("scripts/labelling/rules.py"), [], ["convert"]),
    "reading": (change("scripts/reading/lines.py"), [], ["convert"]),
    "train.py": (change("scripts/train.py"), [], ["train"]),
    "files.py": (change("scripts/files.py"), [], ["assemble"]),
    "evaluate.py": (change("scripts/evaluate.py"), [], ["evaluate"]),
    "measuring": (
        change("scripts/measuring/scores.py"),
        [],
        ["evaluate", "report", "check-package"],
    ),
    "report.py": (change("scripts/report.py"), [], ["report"]),
    "package.py": (change("scripts/package.py"), [], ["package", "check-package"]),
    "check_package.py": (change("scripts/check_package.py"), [], ["check-package"]),
    "shared": (change("scripts/shared/writing.py"), [], ALL),
    # variables
    "lang": (nothing, ["--vars.lang", "de", "--vars.bad_spans", "skip"], ALL),
    "name": (nothing, ["--vars.name", "other"], ["package", "check-package"]),
    "version": (nothing, ["--vars.version", "0.2.0"], ["package", "check-package"]),
    "n_process": (nothing, ["--vars.n_process", "1"], ["convert"]),
    "max_seconds": (nothing, ["--vars.max_seconds", "0"], ["convert"]),
    "errors_of": (nothing, ["--vars.errors_of", "test"], ["report"]),
    "bad_spans": (nothing, ["--vars.bad_spans", "skip"], ["convert"]),
    "seed": (nothing, ["--vars.seed", "1"], FROM_TRAIN),
    "max_steps": (nothing, ["--vars.max_steps", "60"], FROM_TRAIN),
    "min_f": (nothing, ["--vars.min_f", "0.01"], ["evaluate"]),
    # What it says of the package is read from there
    "project.yml": (
        change("project.yml", 'author: "n/a"', "author: Pat"),
        [],
        ["package", "check-package"],
    ),
}


OUTPUTS = {
    "corpus/train": ["convert"],
    "corpus/dev.spacy": ["convert"],
    "corpus/test.spacy": ["convert"],
    "corpus/stats.json": ["convert"],
    "training/rules": ["convert"],
    "training/model-best": ["train"],
    "training/log.jsonl": ["train"],
    "training/pipeline": ["assemble"],
    "training/metrics.json": ["evaluate"],
    "training/predictions": ["evaluate"],
    "training/report.html": ["report"],
    "training/curve.json": ["report"],
    # the archives hold time stamps
    PACKAGE: ["package", "check-package"],
    "training/package_check.json": ["check-package"],
}


for output, commands in OUTPUTS.items():
    CASES[f"{output} deleted"] = (delete(output), [], commands)
    CASES[f"{output} changed"] = (spoil(output), [], commands)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_exactly_what_depends_runs_again(case, finished, tmp_path):
    project = copy(finished, tmp_path)
    do, options, expected = CASES[case]
    do(project)
    assert ran(project, *options) == expected
    # Once more: a run that changed nothing of its inputs leaves nothing to do
    if case in ("texts", "seed"):
        assert ran(project, *options) == []


def test_every_output_variable_and_script_has_a_case():
    config = srsly.read_yaml(ROOT / "project.yml")
    in_all = [entry for entry in config["commands"] if entry["name"] in ALL]
    outputs = {name for entry in in_all for name in entry["outputs"]}
    assert {
        o.replace("${vars.lang}_${vars.name}-${vars.version}", "en_gadget_ner-0.1.0")
        for o in outputs
    } == set(OUTPUTS)
    scripts = {Path(d).name for entry in in_all for d in entry["deps"] if d.startswith("scripts/")}
    assert scripts <= set(CASES)
    used = set(re.findall(r"\$\{vars\.(\w+)\}", str(in_all)))
    # A GPU is not everywhere, hence only a dry run
    assert used <= set(CASES) | {"gpu_id"}


@pytest.mark.slow
def test_gpu_id_is_a_dependency(finished, tmp_path):
    project = copy(finished, tmp_path)
    args = ("-m", "spacy", "project", "run", "all", ".", "--dry", "--vars.gpu_id", "0")
    output = run(*args, cwd=project).stdout
    assert "Skipping 'train'" not in output and "--gpu-id 0" in output


# --- Killed runs


def kill_during(project: Path, name: str, sign) -> None:
    """Start `all`, and kill it with everything it started as soon as sign(project) is true."""
    (project / "tmp").mkdir()
    env = {**environment(), "TMPDIR": str(project / "tmp")}
    with (project / "killed.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "spacy", "project", "run", "all"],
            cwd=project,
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        while not sign(project):
            assert process.poll() is None, (project / "killed.txt").read_text("utf8")
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    lock = project / "project.lock"
    assert not lock.exists() or name not in srsly.read_yaml(lock)


KILLS = {
    "convert": lambda project: (project / "corpus" / ".train.tmp").exists(),
    "train": lambda project: (project / "training/.model-best.work.tmp/model-best").exists(),
    "assemble": lambda project: (project / "training" / ".pipeline.tmp").exists(),
    "package": lambda project: any((project / "tmp").glob("*/en_gadget_ner-0.1.0/setup.py")),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")
@pytest.mark.parametrize("name", KILLS)
def test_killed_run_is_made_good_by_the_next(name, small_clone, finished, tmp_path):
    project = copy(small_clone, tmp_path)
    kill_during(project, name, KILLS[name])
    again = ran(project)
    assert name in again
    assert again == ALL[ALL.index(name) :]
    assert results(project) == results(finished)
    assert not list(project.rglob(".*.tmp"))

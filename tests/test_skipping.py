"""The workflow all: what runs again after a change, and what a kill leaves."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import List

import pytest
import srsly
from helpers.house import needs
from helpers.project import change, gold_line, results
from helpers.running import ALL, ROOT, copy, environment, not_skipped, ran, run
from typer.testing import CliRunner
from weasel import app

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


def out_of_date(project: Path, *options) -> List[str]:
    """RETURNS (List[str]): The commands of the workflow that a dry run does not skip: those whose own
    script, inputs or outputs changed."""
    result = CliRunner().invoke(app, ["run", "all", str(project), "--dry", *options])
    assert result.exit_code == 0, result.output
    return not_skipped(result.output)


ANSWER = '{"text": "the", "label": "GADGET", "score": 1.0, "count": 9, "examples": [], "answer": "accept"}\n'
PACKAGE = "packages/en_gadget_ner-0.1.0/dist"
# What is changed, options, and the commands that are out of date then. Whether those after them run as
# well depends on what these make, see further below.
CASES = {
    # inputs
    "texts": (change("assets/texts.jsonl", new='{"text": "my iPhone 8"}\n'), [], ["convert"]),
    "patterns": (
        change("assets/patterns.jsonl", new='{"label": "GADGET", "pattern": "phone"}\n'),
        [],
        ["convert"],
    ),
    "gold": (change("assets/gold.jsonl", new=gold_line("dev")), [], ["convert"]),
    "suggestions": (change("assets/suggestions.jsonl", new=ANSWER), [], ["convert"]),
    "annotated": (change("assets/annotated.jsonl", new=gold_line("test")), [], ["convert"]),
    "config": (change("configs/ner.cfg", "dropout = 0.", "dropout = 0.0"), [], ["train"]),
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
    "package.py": (change("scripts/package.py"), [], ["package"]),
    "check_package.py": (change("scripts/check_package.py"), [], ["check-package"]),
    "shared": (change("scripts/shared/writing.py"), [], ALL),
    # variables
    "lang": (
        nothing,
        ["--vars.lang", "de"],
        ["convert", "train", "assemble", "package", "check-package"],
    ),
    "name": (nothing, ["--vars.name", "other"], ["package", "check-package"]),
    "version": (nothing, ["--vars.version", "0.2.0"], ["package", "check-package"]),
    "n_process": (nothing, ["--vars.n_process", "1"], ["convert"]),
    "max_seconds": (nothing, ["--vars.max_seconds", "0"], ["convert"]),
    "errors_of": (nothing, ["--vars.errors_of", "test"], ["report"]),
    "bad_spans": (nothing, ["--vars.bad_spans", "skip"], ["convert"]),
    "seed": (nothing, ["--vars.seed", "1"], ["train", "evaluate"]),
    "max_steps": (nothing, ["--vars.max_steps", "60"], ["train"]),
    "vectors": (nothing, ["--vars.vectors", "en_core_web_md"], ["train", "assemble"]),
    "gpu_id": (nothing, ["--vars.gpu_id", "0"], ["train"]),
    "min_f": (nothing, ["--vars.min_f", "0.01"], ["evaluate"]),
    # What it says of the package is read from there
    "project.yml": (change("project.yml", 'author: "n/a"', "author: Pat"), [], ["package"]),
}
# The command that makes an output, and those that read it
OUTPUTS = {
    "corpus/train": ["convert", "train", "report"],
    "corpus/dev.spacy": ["convert", "train", "evaluate", "report"],
    "corpus/test.spacy": ["convert", "evaluate", "report", "check-package"],
    "corpus/stats.json": ["convert", "evaluate", "report", "check-package"],
    "training/rules": ["convert", "assemble", "evaluate", "report"],
    # For the report only its config matters
    "training/model-best": ["train", "assemble", "evaluate", "report"],
    "training/log.jsonl": ["train"],
    "training/pipeline": ["assemble", "evaluate", "package", "check-package"],
    "training/metrics.json": ["evaluate", "report", "package", "check-package"],
    "training/predictions": ["evaluate", "report"],
    "training/report.html": ["report"],
    "training/curve.json": ["report"],
    PACKAGE: ["package", "check-package"],
    "training/package_check.json": ["check-package"],
}
for output, commands in OUTPUTS.items():
    CASES[f"{output} deleted"] = (delete(output), [], commands)
    CASES[f"{output} changed"] = (spoil(output), [], commands)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_exactly_what_depends_is_out_of_date(case, finished, tmp_path):
    project = copy(finished, tmp_path)
    do, options, expected = CASES[case]
    do(project)
    assert out_of_date(project, *options) == expected


# What is changed, options, commands to run then, and those that are out of date after them, since what
# these made is another
NEXT = ["assemble", "evaluate", "report"]
STEPS = {
    # check-package reads what convert counted
    "patterns": (*CASES["patterns"][:2], ["convert"], ["train", *NEXT, "check-package"]),
    "suggestions": (*CASES["suggestions"][:2], ["convert"], ["train", *NEXT, "check-package"]),
    # What is marked there is a rule
    "annotated": (*CASES["annotated"][:2], ["convert"], ["train", *NEXT, "check-package"]),
    # dev only chooses among the same models; the best one is the same here, so is the pipeline
    "gold in dev": (
        *CASES["gold"][:2],
        ["convert", "train", "evaluate"],
        ["report", "package", "check-package"],
    ),
    # Neither training nor the pipeline depends on test; of the package only the scores do
    "gold in test": (
        change("assets/gold.jsonl", new=gold_line("test")),
        [],
        ["convert", "evaluate"],
        ["report", "package", "check-package"],
    ),
    "config": (*CASES["config"][:2], ["train"], NEXT),
    "seed": (*CASES["seed"][:2], ["train"], NEXT),
    "max_steps": (*CASES["max_steps"][:2], ["train"], NEXT),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", STEPS)
def test_what_a_command_makes_anew_is_read_again(case, finished, tmp_path):
    project = copy(finished, tmp_path)
    do, options, commands, expected = STEPS[case]
    do(project)
    for name in commands:
        run("-m", "weasel", "run", name, ".", *options, cwd=project)
    assert out_of_date(project, *options) == expected


# Commands that run again, each for a change of its own. They make the same as before, so those between them
# are skipped, though they read it; but for the archives of package, which hold time stamps. With the
# commands: changes of scripts and options that make no difference to the result.
SAME = {
    ("convert", "assemble", "report", "check-package"): (
        ["convert.py", "labelling", "reading", "pipeline config", "files.py", "report.py"],
        ["--vars.n_process=1", "--vars.max_seconds=0", "--vars.bad_spans=skip"],
    ),
    ("train", "evaluate", "package", "check-package"): (
        ["train.py", "evaluate.py", "package.py"],
        ["--vars.min_f=0.01"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("commands", SAME, ids=lambda commands: commands[0])
def test_what_makes_the_same_makes_nothing_else_run(commands, finished, tmp_path):
    """Every second output is deleted, the others are spoilt."""
    project = copy(finished, tmp_path)
    before = results(project)
    changes, options = SAME[commands]
    # What package makes is another each time, so check-package runs on account of that alone
    makers = set(commands) - ({"check-package"} if "package" in commands else set())
    spoilt = [output for output, (maker, *_) in OUTPUTS.items() if maker in makers]
    for number, output in enumerate(spoilt):
        (delete, spoil)[number % 2](output)(project)
    for name in changes:
        CASES[name][0](project)
    assert ran(project, *options) == list(commands)
    assert results(project) == before


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
    assert used <= set(CASES)


# --- Killed runs


def kill_during(project: Path, sign) -> List[str]:
    """Start `all`, and kill it with everything it started as soon as sign(project) is true.

    RETURNS (List[str]): The commands that it skipped.
    """
    (project / "tmp").mkdir(exist_ok=True)
    env = {**environment(), "TMPDIR": str(project / "tmp"), "PYTHONUNBUFFERED": "1"}
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
    text = (project / "killed.txt").read_text("utf8")
    return [name for name in ALL if name not in not_skipped(text)]


# A sign that a command is in the middle of its work
KILLS = {
    "convert": lambda project: (project / "corpus" / ".train.tmp").exists(),
    "train": lambda project: (project / "training/.model-best.work.tmp/model-best").exists(),
    "assemble": lambda project: (project / "training" / ".pipeline.tmp").exists(),
    "package": lambda project: any((project / "tmp").glob("*/en_gadget_ner-0.1.0/setup.py")),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")
def test_killed_runs_are_made_good_by_the_next(small_clone, finished, tmp_path):
    """One run after the other is killed, each in a later command, and the last one is not. What they
    make in the end has the same bytes as what one run made in another folder."""
    project = copy(small_clone, tmp_path)
    done: List[str] = []
    for name, sign in KILLS.items():
        # What was done before the last kill is skipped, and nothing else
        assert kill_during(project, sign) == done
        done = ALL[: ALL.index(name)]
        lock = project / "project.lock"
        assert list(srsly.read_yaml(lock) if lock.exists() else {}) == done
    assert ran(project) == ["package", "check-package"]
    assert results(project) == results(finished)
    assert not list(project.rglob(".*.tmp"))

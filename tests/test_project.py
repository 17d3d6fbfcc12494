"""The project as a whole, on real clones: what runs, what is skipped, and what a kill leaves."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import spacy
import srsly
from helpers.running import ROOT, run

from reading.splits import gold_side

ALL = ["convert", "train", "assemble", "evaluate", "report", "package", "check-package"]
WHEEL = "packages/en_gadget_ner-0.1.0/dist/en_gadget_ner-0.1.0-py3-none-any.whl"


def ran(project: Path, *options) -> list:
    """Run the workflow; RETURNS (list): the commands that were not skipped."""
    output = run("-m", "spacy", "project", "run", "all", ".", *options, cwd=project).stdout
    skipped = re.findall(r"Skipping '([\w-]+)': nothing changed", output)
    assert set(skipped) <= set(ALL)
    return [name for name in ALL if name not in skipped]


def copy(project: Path, tmp_path: Path) -> Path:
    shutil.copytree(project, tmp_path / "copy")
    return tmp_path / "copy"


def contents(folder: Path) -> dict:
    """RETURNS (dict): A checksum of each file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def results(project: Path) -> dict:
    """RETURNS (dict): Checksums of what must be the same in every run: corpora, weights, scores,
    the package's files. Archives hold time stamps."""
    files = {}
    for name in ("corpus", "training", "packages"):
        for path, checksum in contents(project / name).items():
            if not path.endswith((".whl", ".tar.gz")) and ".egg-info" not in path:
                files[f"{name}/{path}"] = checksum
    return files


# --- Cloning


@pytest.mark.slow
@pytest.mark.parametrize("command", [("spacy", "project"), ("weasel",)])
def test_clone(command, repository, tmp_path):
    run("-m", *command, "clone", ".", "mine", "--repo", repository, cwd=tmp_path)
    project = tmp_path / "mine"
    assert (project / "project.yml").exists()
    assert not (project / "project.lock").exists()
    for name in ("corpus", "training", "packages"):
        assert [path.name for path in (project / name).iterdir()] == [".gitignore"]


@pytest.mark.slow
@pytest.mark.parametrize("command", [("spacy", "project"), ("weasel",)])
def test_help_lists_every_command(command, clone):
    output = run("-m", *command, "run", "--help", cwd=clone).stdout
    commands = srsly.read_yaml(clone / "project.yml")["commands"]
    for entry in commands:
        assert entry["name"] in output and entry["help"]
    assert " -> ".join(ALL) in " ".join(output.split())


@pytest.mark.slow
@pytest.mark.parametrize("command", [("spacy", "project"), ("weasel",)])
def test_readme_has_the_generated_tables(command, clone, tmp_path):
    readme = tmp_path / "README.md"
    shutil.copy(clone / "README.md", readme)
    run("-m", *command, "document", "--output", readme, cwd=clone)
    assert readme.read_text("utf8") == (clone / "README.md").read_text("utf8"), (
        "stale: run `python -m weasel document --output README.md`"
    )
    # Without its markers the command would replace the whole file
    assert readme.read_text("utf8").startswith("# Rules to recognizer")


def test_dependencies_name_every_module():
    """Each command depends on its scripts and on every module that these import."""
    modules = {path.stem: path for path in (ROOT / "scripts").glob("*.py")}

    def imported(path):
        names = re.findall(r"^\s*(?:from|import) (\w+)", path.read_text("utf8"), re.M)
        found = {modules[name] for name in names if name in modules}
        return found.union(*map(imported, found))

    for entry in srsly.read_yaml(ROOT / "project.yml")["commands"]:
        used = {ROOT / name for name in re.findall(r"scripts/\w+\.py", " ".join(entry["script"]))}
        needed = used.union(*map(imported, used))
        deps = set(entry.get("deps", []))
        # For a command that always runs the whole folder will do
        if not (entry.get("no_skip") and "scripts" in deps):
            assert {f"scripts/{path.name}" for path in needed} <= deps, entry["name"]


def test_extra_assets_are_declared():
    extra = [a for a in srsly.read_yaml(ROOT / "project.yml")["assets"] if a.get("extra")]
    assert len(extra) == 6
    for asset in extra:
        path = ROOT / asset["dest"]
        if path.exists():
            assert hashlib.md5(path.read_bytes()).hexdigest() == asset["checksum"]


# --- The main job


@pytest.mark.slow
def test_all_makes_everything(finished):
    output = (finished / "output.txt").read_text("utf8")
    metrics = srsly.read_json(finished / "training" / "metrics.json")
    for stage in ("rules", "model", "pipeline"):
        keys = {"ents_p", "ents_r", "ents_f", "ents_per_type", "ents_f_ci", "seen", "unseen"}
        assert keys <= set(metrics[stage])
    assert metrics["measures"] == "accuracy"
    assert (finished / WHEEL).exists() and (
        finished / WHEEL.replace("-py3-none-any.whl", ".tar.gz")
    ).exists()
    assert WHEEL in output and "training/report.html" in output
    assert 'nlp = spacy.load("en_gadget_ner")' in output
    assert "Skipping" not in output and not list(finished.rglob(".*.tmp"))


@pytest.mark.slow
def test_no_line_of_ours_is_wider_than_a_terminal(finished):
    lines = (finished / "output.txt").read_text("utf8").splitlines()
    ours = [
        line
        for line in lines
        if not line.startswith(("Running command", "Install it", "    print"))
    ]
    assert [line for line in ours if len(line) > 80] == []


@pytest.mark.slow
def test_rules_and_pipeline_are_spacy_pipelines(finished):
    text = "How good is the iPhone X?"
    assert [e.text for e in spacy.load(finished / "training" / "rules")(text).ents] == ["iPhone X"]
    pipeline = spacy.load(finished / "training" / "pipeline")
    assert "ner" in pipeline.pipe_names
    assert "iPhone X" in [e.text for e in pipeline(text).ents]


@pytest.mark.slow
def test_package_meta(finished):
    folder = finished / "packages" / "en_gadget_ner-0.1.0"
    meta = srsly.read_json(folder / "meta.json")
    metrics = srsly.read_json(finished / "training" / "metrics.json")
    project = srsly.read_yaml(finished / "project.yml")["vars"]
    assert meta["name"] == "gadget_ner" and meta["version"] == "0.1.0" and meta["lang"] == "en"
    for key in ("description", "author", "license"):
        assert meta[key] == project[key] != ""
    assert [s["name"] for s in meta["sources"]] == [project["texts"], project["patterns"]]
    assert meta["labels"]["ner"] == ["GADGET"]
    for key in ("ents_p", "ents_r", "ents_f", "ents_per_type"):
        assert meta["performance"][key] == metrics["pipeline"][key]
    assert any(r.startswith("spacy>=") for r in meta["requirements"])


@pytest.mark.slow
def test_check_package_notices_another_pipeline(finished, tmp_path):
    project = copy(finished, tmp_path)
    rules = project / "training" / "pipeline" / "span_ruler" / "patterns"
    assert rules.exists()
    nlp = spacy.load(project / "training" / "pipeline")
    nlp.get_pipe("span_ruler").clear()
    nlp.get_pipe("span_ruler").add_patterns([{"label": "GADGET", "pattern": [{"IS_ALPHA": True}]}])
    nlp.to_disk(project / "training" / "pipeline")
    result = run("-m", "spacy", "project", "run", "check-package", cwd=project, check=False)
    assert result.returncode == 1
    assert "The package finds" in " ".join(result.stdout.split())


@pytest.mark.slow
def test_debug_config_and_data_pass(finished):
    paths = ("--paths.train", "corpus/train", "--paths.dev", "corpus/dev.spacy")
    run("-m", "spacy", "debug", "config", "configs/ner.cfg", *paths, cwd=finished)
    run("-m", "spacy", "debug", "data", "configs/ner.cfg", *paths, cwd=finished)


@pytest.mark.slow
def test_training_on_very_many_texts(finished, tmp_path):
    """A part of the texts, or one after the other, by what the README says."""
    project = copy(finished, tmp_path)
    readme = (project / "README.md").read_text("utf8")
    section = readme.split("### Very many texts")[1].split("\n## ")[0]
    limit, labels = (line.split() for line in re.findall(r"^    python (.*)", section, re.M))
    run(*limit, "--training.max_steps", "20", cwd=project)
    assert "ner" in spacy.load(project / "training" / "part" / "model-best").pipe_names
    run(*labels, cwd=project)
    config = project / "configs" / "ner.cfg"
    lines = re.findall(r"^    ([\[@p]\S+.*)", section.split("max_epochs = -1")[1], re.M)[:4]
    text = config.read_text("utf8").replace("max_epochs = 0", "max_epochs = -1")
    config.write_text("\n".join([text, *lines, ""]), encoding="utf8")
    run("-m", "spacy", "project", "run", "train", cwd=project)
    trained = spacy.load(project / "training" / "model-best")
    assert trained.config["training"]["max_epochs"] == -1
    assert trained.get_pipe("ner").labels == ("GADGET",)
    assert len(list(srsly.read_jsonl(project / "training" / "log.jsonl"))) > 1


@pytest.mark.slow
def test_own_data_by_variables(small_clone, tmp_path):
    """Other texts, patterns, labels and names, without gold: dev and test are rule-labelled."""
    project = copy(small_clone, tmp_path)
    colours = ("red", "green", "blue", "grey")
    texts = [f"{n} {c} apples and some {c}ish paint" for n in range(60) for c in colours]
    (project / "mine.txt").write_text("\n".join(texts), encoding="utf8")
    srsly.write_jsonl(
        project / "my_patterns.jsonl",
        [{"label": "COLOUR", "pattern": colour} for colour in colours],
    )
    (project / "none.jsonl").write_text("")
    options = {
        "texts": "mine.txt",
        "patterns": "my_patterns.jsonl",
        "gold": "none.jsonl",
        "name": "colours",
        "version": "1.2.3",
        "seed": 1,
    }
    assert ran(project, *[f"--vars.{key}={value}" for key, value in options.items()]) == ALL
    metrics = srsly.read_json(project / "training" / "metrics.json")
    assert metrics["measures"] == "agreement"
    assert metrics["rules"]["ents_f"] == 1
    report = (project / "training" / "report.html").read_text("utf8")
    assert "agreement with the rules" in " ".join(report.split())
    meta = srsly.read_json(project / "packages" / "en_colours-1.2.3" / "meta.json")
    assert "agreement with the rules" in meta["notes"]


@pytest.mark.slow
def test_min_f_fails(finished, tmp_path):
    project = copy(finished, tmp_path)
    result = run(
        "-m",
        "spacy",
        "project",
        "run",
        "evaluate",
        ".",
        "--vars.min_f",
        "0.99",
        cwd=project,
        check=False,
    )
    assert result.returncode == 1
    assert "the least allowed is 0.99" in " ".join(result.stdout.split())


@pytest.mark.slow
def test_same_bytes(finished, small_clone, tmp_path):
    """Two runs from scratch, in different folders, with one process or two."""
    project = copy(small_clone, tmp_path)
    assert ran(project, "--vars.n_process", "1") == ALL
    assert results(project) == results(finished)


# --- Skipping


@pytest.mark.slow
def test_unchanged_project_skips_all(finished, tmp_path):
    assert ran(copy(finished, tmp_path)) == []


def change(name, old="", new="\n# changed\n"):
    """Replace text in a file, or append to it."""

    def do(project):
        path = project / name
        text = path.read_text("utf8")
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf8")

    return do


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


def gold_line(side):
    """RETURNS (str): A gold record that goes to dev or test."""
    texts = (f"One more iPhone 8 here, {number}" for number in range(99))
    text = next(text for text in texts if gold_side(text) == side)
    return (
        srsly.json_dumps({"text": text, "spans": [{"start": 9, "end": 17, "label": "GADGET"}]})
        + "\n"
    )


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
        ["convert", "train", "evaluate", "report"],
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
    "annotated.py": (change("scripts/annotated.py"), [], ["convert"]),
    "answers.py": (change("scripts/answers.py"), [], ["convert"]),
    "convert.py": (change("scripts/convert.py"), [], ["convert"]),
    "gold.py": (change("scripts/gold.py"), [], ["convert"]),
    "labelling.py": (change("scripts/labelling.py"), [], ["convert"]),
    "matching.py": (change("scripts/matching.py"), [], ["convert"]),
    "blocks.py": (change("scripts/blocks.py"), [], ["convert"]),
    "workers.py": (change("scripts/workers.py"), [], ["convert"]),
    "lines.py": (change("scripts/lines.py"), [], ["convert"]),
    "readers.py": (change("scripts/readers.py"), [], ["convert"]),
    "rules.py": (change("scripts/rules.py"), [], ["convert"]),
    "summary.py": (change("scripts/summary.py"), [], ["convert"]),
    "ties.py": (change("scripts/ties.py"), [], ["convert"]),
    "splits.py": (change("scripts/splits.py"), [], ["convert"]),
    "files.py": (change("scripts/files.py"), [], ["train", "assemble"]),
    "evaluate.py": (change("scripts/evaluate.py"), [], ["evaluate", "report"]),
    "scoring.py": (change("scripts/scoring.py"), [], ["evaluate", "report"]),
    "display.py": (change("scripts/display.py"), [], ["report"]),
    "findings.py": (change("scripts/findings.py"), [], ["report"]),
    "plots.py": (change("scripts/plots.py"), [], ["report"]),
    "report.py": (change("scripts/report.py"), [], ["report"]),
    "report.html": (
        change("scripts/report.html", "<main>", "<main >"),
        [],
        ["report"],
    ),
    "page.html": (change("scripts/page.html", "main, header", "header, main"), [], ["report"]),
    "package.py": (change("scripts/package.py"), [], ["package", "check-package"]),
    "check_package.py": (change("scripts/check_package.py"), [], ["check-package"]),
    "common.py": (change("scripts/common.py"), [], ALL),
    # variables
    "lang": (nothing, ["--vars.lang", "de", "--vars.bad_spans", "skip"], ALL),
    "name": (nothing, ["--vars.name", "other"], ["package", "check-package"]),
    "version": (nothing, ["--vars.version", "0.2.0"], ["package", "check-package"]),
    "n_process": (nothing, ["--vars.n_process", "1"], ["convert"]),
    "bad_spans": (nothing, ["--vars.bad_spans", "skip"], ["convert"]),
    "seed": (nothing, ["--vars.seed", "1"], FROM_TRAIN),
    "max_steps": (nothing, ["--vars.max_steps", "60"], FROM_TRAIN),
    "min_f": (nothing, ["--vars.min_f", "0.01"], ["evaluate"]),
    "description": (nothing, ["--vars.description", "Other"], ["package", "check-package"]),
    "author": (nothing, ["--vars.author", "Pat O'Neill & sons"], ["package", "check-package"]),
    "license": (nothing, ["--vars.license", "CC0"], ["package", "check-package"]),
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
    env = {**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(project / "tmp")}
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
    "train": lambda project: (project / "training" / "model-best").exists(),
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

"""The project as a whole, on real clones: what is in one, and what the main job makes."""

import hashlib
import re
import shutil
import subprocess

import pytest
import spacy
import srsly
from helpers.project import change, fresh
from helpers.running import ALL, ROOT, copy, not_skipped, ran, readme_commands, readme_section, run
from helpers.vectors import make_vectors

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


def test_extra_assets_are_declared():
    extra = [a for a in srsly.read_yaml(ROOT / "project.yml")["assets"] if a.get("extra")]
    assert len(extra) == 6
    for asset in extra:
        path = ROOT / asset["dest"]
        if path.exists():
            assert hashlib.md5(path.read_bytes()).hexdigest() == asset["checksum"]


# --- The main job


WHEEL = "packages/en_gadget_ner-0.1.0/dist/en_gadget_ner-0.1.0-py3-none-any.whl"


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
def test_debug_config_and_data_pass(finished):
    paths = ("--paths.train", "corpus/train", "--paths.dev", "corpus/dev.spacy")
    run("-m", "spacy", "debug", "config", "configs/ner.cfg", *paths, cwd=finished)
    run("-m", "spacy", "debug", "data", "configs/ner.cfg", *paths, cwd=finished)


@pytest.mark.slow
def test_training_on_very_many_texts(finished, tmp_path):
    """A part of the texts, or one after the other, by what the README says."""
    project = copy(finished, tmp_path)
    title = "Train on very many texts"
    limit, labels = readme_commands(title)
    run(*limit, "--training.max_steps", "20", cwd=project)
    assert "ner" in spacy.load(project / "training" / "part" / "model-best").pipe_names
    run(*labels, cwd=project)
    config = project / "configs" / "ner.cfg"
    section = readme_section(title).split("max_epochs = -1")[1]
    lines = re.findall(r"^    ([\[@p].*)", section, re.M)[:4]
    text = config.read_text("utf8").replace("max_epochs = 0", "max_epochs = -1")
    config.write_text("\n".join([text, *lines, ""]), encoding="utf8")
    run("-m", "spacy", "project", "run", "train", cwd=project)
    trained = spacy.load(project / "training" / "model-best")
    assert trained.config["training"]["max_epochs"] == -1
    assert trained.get_pipe("ner").labels == ("GADGET",)
    assert len(list(srsly.read_jsonl(project / "training" / "log.jsonl"))) > 1


@pytest.mark.slow
def test_own_data_by_variables(finished, tmp_path):
    """Other texts, patterns, labels, language, vectors and names, without gold: dev and test are
    rule-labelled. All runs again, once."""
    project = copy(finished, tmp_path)
    colours = ("red", "green", "blue", "grey")
    texts = [f"{n} {c} apples and some {c}ish paint" for n in range(60) for c in colours]
    (project / "mine.txt").write_text("\n".join(texts), encoding="utf8")
    srsly.write_jsonl(
        project / "my_patterns.jsonl",
        [{"label": "COLOUR", "pattern": colour} for colour in colours],
    )
    (project / "none.jsonl").write_text("")
    made = make_vectors(
        project / "vectors", {colour: [1.0, n] for n, colour in enumerate(colours)}, "de"
    )
    options = {
        "vectors": made.relative_to(project),
        "texts": "mine.txt",
        "patterns": "my_patterns.jsonl",
        "gold": "none.jsonl",
        "lang": "de",
        "name": "colours",
        "version": "1.2.3",
        "seed": 1,
    }
    variables = [f"--vars.{key}={value}" for key, value in options.items()]
    result = run("-m", "spacy", "project", "run", "all", ".", *variables, cwd=project)
    assert not_skipped(result.stdout) == ALL
    assert ran(project, *variables) == []
    metrics = srsly.read_json(project / "training" / "metrics.json")
    assert metrics["measures"] == "agreement"
    assert metrics["rules"]["ents_f"] == 1
    report = (project / "training" / "report.html").read_text("utf8")
    assert "agreement with the rules" in " ".join(report.split())
    meta = srsly.read_json(project / "packages" / "de_colours-1.2.3" / "meta.json")
    # One variable switches the vectors on everywhere
    assert "It holds 4 word vectors of 2 dimensions" in result.stdout
    assert "Warning" not in result.stderr
    assert "vectors/de" in report.split("Training config")[0]
    assert meta["vectors"]["vectors"] == 4
    for stage in ("model-best", "pipeline"):
        assert spacy.load(project / "training" / stage).vocab.vectors.shape == (4, 2)
    config = (project / "training" / "model-best" / "config.cfg").read_text("utf8")
    assert "include_static_vectors = true" in config
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


# --- Sharing


@pytest.mark.slow
def test_pull_instead_of_running(finished, tmp_path):
    project = copy(finished, tmp_path)
    assert ran(project) == []
    other = fresh(project, tmp_path)
    change("project.yml", '"../remote"', f'"{tmp_path.as_posix()}/remote"')(project)
    change("project.yml", '"../remote"', f'"{tmp_path.as_posix()}/remote"')(other)
    run(*readme_commands("Share", "-m spacy project push")[0], cwd=project)
    run(*readme_commands("Share", "-m spacy project pull")[0], cwd=other)
    assert ran(other) == []
    name = "training/pipeline/ner/model"
    assert (other / name).read_bytes() == (project / name).read_bytes()


def test_outputs_can_be_removed_before_a_pull(tmp_path):
    (line,) = re.findall(r"^    (git clean .*)$", readme_section("Share"), re.M)
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

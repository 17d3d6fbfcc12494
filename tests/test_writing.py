"""Outputs: complete or as they were, in the place they were given, and nothing of a person's lost."""

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.little import build_rules
from helpers.running import (
    LANG,
    ROOT,
    door,
    environment,
    invoke,
    read_jsonl,
    write_jsonl,
)

from check_data import check_data_cli
from convert import convert_cli
from create_config import create_config_cli
from dvc_export import export_cli
from files import move_cli
from import_annotations import import_cli
from package import package_cli
from predict import predict_cli
from reading.gold import read_gold
from reading.suggestions import read_answers, write_answer
from shared import writing
from shared.errors import InputError
from shared.writing import replace, staged
from suggest import suggest_cli

SPAN = {"start": 3, "end": 11, "label": "GADGET"}
linked = pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")


@pytest.fixture
def shop(inputs) -> SimpleNamespace:
    """The small inputs, annotations to import, and a pipeline."""
    inputs.source = write_jsonl(
        inputs.folder / "source.jsonl", [{"text": "My iPhone 9 is new", "spans": [SPAN]}]
    )
    inputs.annotated = write_jsonl(inputs.folder / "annotated.jsonl", [])
    inputs.pipeline = inputs.folder / "pipeline"
    build_rules(LANG, inputs.patterns, inputs.suggestions).to_disk(inputs.pipeline)
    inputs.output = inputs.folder / "out.jsonl"
    return inputs


def import_(shop, use="gold"):
    args = [shop.source, shop.gold, shop.annotated, "--as", use, "--lang", LANG]
    return invoke(import_cli, *args)


def suggest(shop):
    files = (shop.texts, shop.patterns, shop.gold, shop.suggestions, shop.annotated)
    return invoke(suggest_cli, *files, shop.folder / "c.npz", "--lang", LANG)


def predict(shop):
    return invoke(predict_cli, shop.texts, shop.pipeline, shop.output)


def convert(shop):
    files = (shop.texts, shop.patterns, shop.gold, shop.suggestions, shop.corpus, shop.rules)
    return invoke(convert_cli, *files, "--lang", LANG)


def move(shop):
    made = shutil.copytree(shop.pipeline, shop.folder / ".made.tmp")
    return invoke(move_cli, made, shop.rules)


def everything(folder: Path) -> dict:
    """RETURNS (dict): Content, mode and target of links, of all that is in a folder."""
    return {
        path: (
            path.is_symlink() and os.readlink(path),
            path.is_file() and path.read_bytes(),
            path.exists() and stat.S_IMODE(path.stat().st_mode),
        )
        for path in folder.rglob("*")
    }


# --- What is replaced


# The command, the name of its output, and what a person has there
IN_THE_WAY = {
    "predict, a folder": (predict, "out.jsonl", "notes.txt"),
    "predict, an empty folder": (predict, "out.jsonl", None),
    "predict, a folder of docs": (predict, "out.spacy", "mine.spacy"),
    "predict, docs and more": (predict, "out.spacy", "00000.spacy, notes.txt"),
    "suggest, a folder": (suggest, "c.npz", "notes.txt"),
    "convert, a folder": (convert, "rules", "my_rules.jsonl"),
    "convert, a file": (convert, "rules", ""),
    "convert, a pipeline and more": (convert, "rules", "meta.json, config.cfg, notes.txt"),
    "convert, shards and more": (convert, "corpus/train", "00000.spacy, mine.spacy"),
    "convert, a file as a side": (convert, "corpus/dev.spacy", "notes.txt"),
    "move, a folder": (move, "rules", "notes.txt"),
    "move, a file": (move, "rules", ""),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_what_the_project_did_not_make_is_not_replaced(shop, case):
    command, name, mine = IN_THE_WAY[case]
    path = shop.output = shop.folder / name
    path.parent.mkdir(exist_ok=True)
    if mine == "":
        path.write_text("mine")
    else:
        path.mkdir()
        for file in (mine or "").split(", ") * bool(mine):
            shutil.copy(shop.pipeline / "meta.json", path / file)
    before = everything(path.parent)
    result = command(shop)
    assert result.exit_code == 1
    assert f"{name}: " in result.flat and "Move it elsewhere, or name another" in result.flat
    if mine and "," in mine:
        assert f"The folder holds {mine.split(', ')[-1]}, which" in result.flat
    after = everything(path.parent)
    assert {path: after.get(path) for path in before} == before
    assert not list(shop.folder.rglob(".*.tmp")) or command is move


@posix
def test_what_is_no_file_is_not_replaced(shop):
    os.mkfifo(shop.output)
    result = predict(shop)
    assert result.exit_code == 1 and "It is neither a file nor a folder" in result.flat
    assert stat.S_ISFIFO(shop.output.stat().st_mode)


def test_what_the_project_made_is_replaced(shop):
    """Whatever other texts, rules and labels it was made of."""
    assert convert(shop).exit_code == 0
    extra = shop.corpus / "train"
    shutil.copy(extra / "00000.spacy", extra / "00001.spacy")
    shutil.copy(extra / "00000.spacy", extra / "annotated-0.spacy")
    (extra / ".DS_Store").write_text("left by a system")
    result = convert(shop)
    assert result.exit_code == 0, result.output
    assert [path.name for path in extra.iterdir()] == ["00000.spacy"]
    assert not list(shop.folder.rglob(".*"))


def test_a_pipeline_takes_the_place_of_one_with_other_components(shop):
    target = shop.folder / "updated"
    nlp = build_rules(LANG, shop.patterns, shop.suggestions)
    nlp.add_pipe("sentencizer", name="my_own")
    nlp.to_disk(target)
    assert (target / "my_own.json").exists()
    replace(shop.pipeline, target)
    assert not shop.pipeline.exists() and not (target / "my_own.json").exists()
    assert (target / "span_ruler").exists()


def test_docs_are_a_file_or_a_folder(shop, monkeypatch):
    shop.output = shop.folder / "out.spacy"
    for size, is_folder in ((2000, False), (50, True), (70, True), (2000, False)):
        monkeypatch.setattr("predict.PART_TEXTS", size)
        result = predict(shop)
        assert result.exit_code == 0, result.output
        assert shop.output.is_dir() == is_folder
    assert not list(shop.folder.glob(".*"))


def test_a_dvc_yaml_of_another_making_is_kept(tmp_path):
    shutil.copy(ROOT / "project.yml", tmp_path)
    path = tmp_path / "dvc.yaml"
    for _ in range(2):
        assert invoke(export_cli, tmp_path).exit_code == 0
    made = path.read_bytes()
    path.write_bytes(b"stages: {mine: {cmd: caf\xe9}}\n" + made)
    result = invoke(export_cli, tmp_path)
    assert result.exit_code == 1 and "dvc.yaml: It was not made from project.yml" in result.flat
    assert path.read_bytes().endswith(made) and b"caf\xe9" in path.read_bytes()


@pytest.mark.slow
def test_a_package_is_replaced(shop):
    metrics = shop.folder / "metrics.json"
    keys = ("ents_f", "ents_p", "ents_r", "ents_f_ci", "ents_per_type")
    metrics.write_text(json.dumps({"measures": "accuracy", "pipeline": dict.fromkeys(keys)}))
    output = shop.folder / "xx_mine-1.0"
    args = ["--lang", "xx", "--name", "mine", "--version", "1.0"]
    for _ in range(2):
        result = invoke(package_cli, shop.pipeline, metrics, output, *args)
        assert result.exit_code == 0, result.output
    (output / "notes.txt").write_text("mine")
    result = invoke(package_cli, shop.pipeline, metrics, output, *args)
    assert result.exit_code == 1 and "The folder holds notes.txt" in result.flat
    assert (output / "notes.txt").read_text() == "mine"


def test_replacing_fails_and_the_old_one_is_there(tmp_path, monkeypatch):
    """At every step that can fail, or be killed."""
    old, new = tmp_path / "old", tmp_path / "new"
    moves = []

    def fail(source, target):
        moves.append((Path(source).name, Path(target).name))
        if len(moves) == failing:
            raise OSError(5, "Input/output error")
        os.rename(source, target)

    for failing in (1, 2):
        for folder in (old, new):
            folder.mkdir()
            (folder / "00000.spacy").write_text(folder.name)
        moves.clear()
        with monkeypatch.context() as patch, pytest.raises(OSError) as error:
            patch.setattr(writing.os, "replace", fail)
            replace(new, old)
        assert str(error.value.filename) == str(old)
        assert (old / "00000.spacy").read_text() == "old"
        assert (new / "00000.spacy").read_text() == "new"
        assert {path.name for path in tmp_path.iterdir()} == {"old", "new"}
        # Nothing but two renamings is between the old one and the new one
        assert moves[:2] == [("old", ".old.old.tmp"), ("new", "old")][:failing]
        shutil.rmtree(old), shutil.rmtree(new)


KILLED = """
import os, sys
from pathlib import Path
from shared import writing
rename, where = os.replace, sys.argv[2]
def die(source, target):
    if where == "before" or Path(target).name == "out":
        os._exit(9)
    rename(source, target)
with writing.staged(Path(sys.argv[1]), folder=True) as path:
    path.mkdir()
    (path / "00000.spacy").write_text("new")
    if where == "while":
        os._exit(9)
    os.replace = die
"""


@pytest.mark.parametrize("where", ["while", "before", "between"])
def test_killed_and_what_was_there_is_there_again(tmp_path, where):
    """When it is killed between the two renamings, the next run puts the old one back."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "00000.spacy").write_text("old")
    env = {**environment(), "PYTHONPATH": str(ROOT / "scripts")}
    command = [sys.executable, "-B", "-c", KILLED, out, where]
    assert subprocess.run(command, env=env).returncode == 9
    assert out.exists() == (where != "between")
    with pytest.raises(KeyError), staged(out, folder=True):
        raise KeyError("the next run fails as well")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "00000.spacy").read_text() == "old"
    with staged(out, folder=True) as path:
        path.mkdir()
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


# --- Links and permissions


@linked
@pytest.mark.parametrize("command", [import_, suggest, predict, convert, move])
def test_what_a_link_leads_to_is_written(shop, command):
    outside = shop.folder / "outside"
    outside.mkdir()
    for path in (shop.gold, shop.suggestions):
        path.rename(outside / path.name)
        path.symlink_to(outside / path.name)
    for path in (shop.output, shop.corpus, shop.rules):  # there is nothing yet
        path.symlink_to(Path("outside") / path.name)
    shop.corpus.resolve().mkdir()
    for _ in range(2):
        result = command(shop)
        assert result.exit_code == 0, result.output
    for path in (shop.gold, shop.suggestions, shop.output, shop.corpus, shop.rules):
        assert path.is_symlink()
    expected = {
        import_: "gold.jsonl",
        suggest: "suggestions.jsonl",
        predict: "out.jsonl",
        convert: "corpus/train/00000.spacy",
        move: "rules/meta.json",
    }
    assert (outside / expected[command]).stat().st_size
    assert not list(shop.folder.rglob(".*"))


@linked
def test_a_link_to_itself(shop):
    shop.output.symlink_to(shop.output)
    result = predict(shop)
    assert result.exit_code == 1 and "out.jsonl: It is neither a file" in result.flat
    assert shop.output.is_symlink()


@linked
def test_a_link_into_a_missing_folder(shop):
    """Nothing is made there: it may be a disk that is not mounted."""
    shop.output.symlink_to(shop.folder / "disk" / "out.jsonl")
    result = predict(shop)
    assert result.exit_code == 1 and "out.jsonl: No such file" in result.flat
    assert not (shop.folder / "disk").exists()


@linked
def test_a_link_to_another_disk(shop, monkeypatch):
    """As far as a test can tell: the finished folder is copied to that disk first."""
    target = shop.folder / "disk" / "rules"
    target.parent.mkdir()
    link = shop.folder / "link"
    link.symlink_to(target)
    found = Path.stat

    def other(path, **kwargs):
        if path == target.parent:
            return SimpleNamespace(st_dev=-1)
        return found(path, **kwargs)

    monkeypatch.setattr(Path, "stat", other)
    replace(shop.pipeline, link)
    monkeypatch.undo()
    assert (target / "span_ruler").exists() and link.is_symlink()
    assert not shop.pipeline.exists() and len(list(target.parent.iterdir())) == 1


@linked
def test_create_config_never_overwrites_a_link(tmp_path):
    path = tmp_path / "my.cfg"
    path.symlink_to(tmp_path / "nowhere.cfg")
    result = invoke(create_config_cli, path, "--lang", LANG)
    assert result.exit_code == 1 and "Name another one with --vars.new_config" in result.flat
    assert [path.name for path in tmp_path.iterdir()] == ["my.cfg"]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_permissions_are_kept(shop, mode):
    shop.output.touch()
    paths = (shop.gold, shop.suggestions, shop.output)
    for path in paths:
        path.chmod(mode)
    for command in (import_, suggest, predict):
        assert command(shop).exit_code == 0
    assert all(path.stat().st_size for path in paths)
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [mode] * 3


@posix
def test_what_is_private_is_private_while_it_is_written(shop):
    for private in (shop.gold, shop.texts):
        private.chmod(0o600)
        with staged(private) as temporary:
            temporary.write_text("secret")
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
    shop.rules.mkdir(0o700)
    with staged(shop.rules, folder=True) as temporary:
        temporary.mkdir()
    assert stat.S_IMODE(shop.rules.stat().st_mode) == 0o700


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may all")
def test_what_is_read_only_is_not_replaced(shop):
    shop.gold.chmod(0o444)
    result = import_(shop)
    assert result.exit_code == 1 and "gold.jsonl: It is read-only" in result.flat
    assert shop.gold.read_bytes() == b""


# --- Other runs


HOLDS = """
import sys, time
from pathlib import Path
from shared.writing import staged
with staged(Path(sys.argv[1])) as path:
    path.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_run():
    """Start another run that is writing a path; it is killed in the end."""
    runs = []

    def start(path) -> subprocess.Popen:
        env = {**environment(), "PYTHONPATH": str(ROOT / "scripts")}
        command = [sys.executable, "-B", "-c", HOLDS, str(path)]
        run = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        runs.append(run)
        assert run.stdout.readline() == "writing\n"
        return run

    yield start
    for run in runs:
        run.kill()
        run.wait()
        run.stdout.close()


@pytest.mark.parametrize(
    "command, name",
    [(import_, "gold.jsonl"), (suggest, "c.npz"), (predict, "out.jsonl"), (convert, "rules")],
)
def test_another_run_is_active(shop, command, name, other_run, monkeypatch):
    monkeypatch.setattr(writing, "PATIENCE", 0.1)
    run = other_run(shop.folder / name)
    before = everything(shop.folder)
    result = command(shop)
    assert result.exit_code == 1
    assert f"{name}: Another run is active and is writing it" in result.flat
    assert everything(shop.folder) == before
    run.kill()
    run.wait()
    assert command(shop).exit_code == 0  # at once: a killed run holds nothing
    assert not list(shop.folder.rglob(".*.tmp"))


def test_a_short_one_is_waited_for(shop, other_run, monkeypatch):
    monkeypatch.setattr(writing, "PATIENCE", 30)
    run = other_run(shop.gold)
    threading.Timer(1, run.kill).start()
    assert import_(shop).exit_code == 0
    assert run.poll() is not None and read_jsonl(shop.gold)


ADDS = """
import sys
from pathlib import Path
from reading.lines import append_records
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    append_records(Path(sys.argv[1]), [{"text": f"{sys.argv[2]} {number}", "spans": []}])
"""


def test_two_runs_add_to_one_file(tmp_path):
    gold = write_jsonl(tmp_path / "gold.jsonl", [{"text": "first"}])
    env = {**environment(), "PYTHONPATH": str(ROOT / "scripts")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    commands = [[sys.executable, "-B", "-c", ADDS, str(gold), name] for name in ("a", "b")]
    runs = [subprocess.Popen(command, env=env, **pipes) for command in commands]
    for run in runs:
        run.stdout.readline()
    for run in runs:
        run.stdin.write(b"\n")
        run.stdin.flush()
    for run in runs:
        assert run.communicate()[0] == b"" and run.returncode == 0
    texts = [record.text for record in read_gold(gold)]
    assert len(texts) == 201
    assert set(texts) == {"first", *(f"{name} {n}" for name in "ab" for n in range(100))}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_an_answer_is_written_into_its_line(shop, end):
    """Whatever ends the lines, and nothing else changes."""
    lines = [b'{"text":"a", "label":"GADGET"}', b"", b'{"text":"b", "label":"GADGET"}', b""]
    shop.suggestions.write_bytes(end.join(lines))
    suggestions = read_answers(
        build_rules(LANG, shop.patterns, shop.gold), shop.suggestions, ["GADGET"]
    )
    write_answer(suggestions[1], "accept")
    lines[2] = b'{"text": "b", "label": "GADGET", "answer": "accept"}'
    assert shop.suggestions.read_bytes() == end.join(lines)


# --- What the system says no to


@posix
def test_a_full_disk_names_the_file(shop):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    write_jsonl(shop.gold, [{"text": f"Number {n}"} for n in range(1000)])
    before = shop.gold.read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        results = [import_(shop), predict(shop), convert(shop)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [result.exit_code for result in results] == [1, 1, 1]
    for result, name in zip(results, ("gold.jsonl", "out.jsonl", "rules")):
        assert f"{name}: File too large" in result.flat, result.output
    assert shop.gold.read_bytes() == before
    assert not list(shop.folder.rglob(".*.tmp")) and not shop.output.exists()


@pytest.mark.slow
@posix
def test_nobody_reads_the_output(shop):
    args = door("predict", shop.texts, shop.pipeline, shop.output)
    run = subprocess.Popen(
        [sys.executable, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    run.stdout.close()
    errors = run.stderr.read().decode()
    assert run.wait() == 1
    assert "Error" not in errors and "Traceback" not in errors
    run.stderr.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="names are UTF-8 there")
def test_names_that_are_no_utf8(shop):
    """They are shown with a mark in place of what they hold."""
    for name in ("texts", "patterns", "gold", "suggestions", "annotated", "source"):
        path = getattr(shop, name)
        setattr(shop, name, path.rename(path.with_name(f"{path.stem}\udcff.jsonl")))
    write_jsonl(shop.suggestions, [{"text": "tips", "label": "GADGET", "answer": "accept"}])
    shop.output = shop.folder / "out\udcff.jsonl"
    for command in (lambda shop: import_(shop, "train"), convert, suggest, predict):
        assert command(shop).exit_code == 0
    assert read_jsonl(shop.annotated) and read_jsonl(shop.output)
    records = [{"text": f"My iPhone {n} is new", "spans": [SPAN]} for n in range(5, 55)]
    files = (shop.texts, shop.patterns, write_jsonl(shop.gold, records), shop.suggestions)
    args = (
        shop.annotated,
        ROOT / "configs" / "ner.cfg",
        shop.folder / "found.json",
        shop.folder / "none.html",
    )
    result = invoke(check_data_cli, *files, *args)
    findings = json.loads((shop.folder / "found.json").read_text("utf8"))["findings"]
    assert findings[0]["places"][0]["file"].endswith("gold\ufffd.jsonl"), result.output
    shop.source.write_text("{broken\n")
    result = import_(shop)
    assert result.exit_code == 1 and "source\ufffd.jsonl, line 1: Broken JSON" in result.flat


def test_a_parent_that_is_a_file(shop):
    shop.output = shop.texts / "out.jsonl"
    shop.texts.with_name("other.jsonl").touch()
    shop.texts = shop.texts.with_name("other.jsonl")
    result = predict(shop)
    assert result.exit_code == 1 and "texts.jsonl" in result.flat


def test_staged_from_nothing(tmp_path):
    """What `staged` says without a door."""
    with pytest.raises(InputError, match="It is a folder, not a file"):
        with staged(tmp_path):
            pass
    with staged(tmp_path / "a" / "b.txt") as path:
        path.write_text("x")
    assert (tmp_path / "a" / "b.txt").read_text() == "x"

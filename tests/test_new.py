"""new: the shipped data give way to empty files, and nothing is lost."""

import os
import re
import select
import shutil
import subprocess
import sys

import pytest
import srsly
from helpers.project import contents
from helpers.running import LANG, ROOT, invoke, run, write_jsonl

import new
from labelling.corpus import convert

NAMES = ("texts", "patterns", "gold", "suggestions", "annotated")
GUIDE = "assets/guide.md"
ARGS = [f"assets/{name}.jsonl" for name in NAMES]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """RETURNS (Path): The project file and the shipped data, in the folder where commands run."""
    (tmp_path / "assets").mkdir()
    for name in ("project.yml", *ARGS, GUIDE):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(new, "has_terminal", lambda: True)


def do(*options, args=ARGS):
    return invoke(new.new_cli, *args, "--guide", GUIDE, *options)


def answer(monkeypatch, *typed):
    """Give a person's answers to the questions, in order."""
    answers = iter(typed)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: next(answers))
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))


def test_everything_is_put_away_and_the_name_is_set(project):
    before = contents(project)
    yml = (project / "project.yml").read_bytes()
    done = do("--yes", "true", "--name", "tweets_ner", "--lang", "en")
    assert done.exit_code == 0
    for name in ARGS:
        assert (project / name).read_bytes() == b""
    after = contents(project)
    for name in ("texts", "patterns", "gold"):
        assert after[f"assets/before-new/{name}.jsonl"] == before[f"assets/{name}.jsonl"]
    assert after["assets/before-new/guide.md"] == before[GUIDE]
    guide = (project / GUIDE).read_text("utf8")
    assert guide.startswith("# What to mark") and "GADGET" not in guide
    # What was empty is not worth a copy
    assert not (project / "assets" / "before-new" / "suggestions.jsonl").exists()
    changed = (project / "project.yml").read_bytes()
    assert changed == yml.replace(b'name: "gadget_ner"', b'name: "tweets_ner"', 1) != yml
    assert all(len(line) <= 80 for line in done.output.splitlines())


def test_the_example_lines_are_good_ones(project):
    """What it says of each file is a line that the other commands read."""
    output = do("--yes", "true").output
    for name in ARGS:
        line = re.search(rf"^{name}\n(?:  [^{{].*\n)+  (\{{.*\}})$", output, re.M)[1]
        (project / name).write_text(f"{line}\n", encoding="utf8")
    paths = [project / name for name in ARGS]
    more = write_jsonl(project / "more.jsonl", [{"text": f"Any iPhone {i}"} for i in range(9)])
    paths[0].write_text(paths[0].read_text("utf8") + more.read_text("utf8"), encoding="utf8")
    write_jsonl(project / "gold2.jsonl", [{"text": f"Gold {i}", "spans": []} for i in range(9)])
    with paths[2].open("a", encoding="utf8") as file:
        file.write((project / "gold2.jsonl").read_text("utf8"))
    out = (project / "corpus", project / "rules")
    stats = convert(*paths[:4], *out, annotated=paths[4], lang=LANG)
    assert stats["train"]["entities"] == {"GADGET": 11}  # one of them annotated
    assert stats["gold"]["entities"] == {"GADGET": 1}


def test_a_second_time_it_changes_nothing(project):
    do("--yes", "true", "--name", "tweets_ner")
    before = contents(project)
    done = do("--name", "tweets_ner")  # nothing to ask for
    assert done.exit_code == 0 and "What to put where" in done.output
    assert contents(project) == before


def test_own_data_are_never_lost(project):
    do("--yes", "true")
    first = contents(project / "assets" / "before-new")
    (project / "assets" / "texts.jsonl").write_text('{"text": "mine"}\n')
    (project / "assets" / "gold.jsonl").unlink()
    said = do("--yes", "true").flat
    assert "assets/gold.jsonl was missing. An empty file is there now." in said
    assert contents(project / "assets" / "before-new") == first
    kept = project / "assets" / "before-new-2" / "texts.jsonl"
    assert kept.read_text() == '{"text": "mine"}\n'
    assert (project / "assets" / "gold.jsonl").read_bytes() == b""
    # A guide of one's own is put away, too, and one that is missing or empty is begun
    begun = (project / GUIDE).read_text("utf8")
    (project / GUIDE).write_text(begun + "Mine\n")
    do("--yes", "true")
    assert (project / "assets" / "before-new-3" / "guide.md").read_text("utf8") == begun + "Mine\n"
    for act in ((project / GUIDE).unlink, lambda: (project / GUIDE).write_text("")):
        act()
        do("--yes", "true")
        assert (project / GUIDE).read_text("utf8") == begun


def test_without_a_terminal_it_does_not_guess(project):
    before = contents(project)
    done = do("--name", "tweets_ner")
    assert done.exit_code == 1
    assert "spacy project run new . --vars.name my_ner --vars.yes true" in done.flat
    assert contents(project) == before


def test_a_person_is_asked_and_can_say_no(project, terminal, monkeypatch):
    before = contents(project)
    answer(monkeypatch, False)
    done = do()
    assert done.exit_code == 0 and "Nothing was changed" in done.output
    assert "assets/texts.jsonl  3,550 lines" in done.output
    assert contents(project) == before


@pytest.mark.parametrize(
    "typed, answers, name",
    [
        ("gadget_ner", (True, "tweets_ner"), "tweets_ner"),
        ("gadget_ner", (True, "gadget_ner"), "gadget_ner"),
        ("mine", (True,), "mine"),
    ],
)
def test_a_person_is_asked_for_the_name(typed, answers, name, project, terminal, monkeypatch):
    answer(monkeypatch, *answers)
    assert do("--name", typed, "--lang", "en").exit_code == 0
    assert srsly.read_yaml(project / "project.yml")["vars"]["name"] == name
    assert (project / "assets" / "before-new").exists()


@pytest.mark.parametrize(
    "options, said",
    [
        (("--name", "a b"), "vars.name is 'a b'"),
        (("--name", "en_x"), "vars.name is 'en_x'"),
        (("--lang", "zz-nix"), "Can't load the language 'zz-nix'"),
        (("--yes", "perhaps"), "vars.yes is 'perhaps'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_moved(options, said, project):
    before = contents(project)
    done = do("--yes", "true", *options)
    assert done.exit_code == 1 and said in done.flat
    assert contents(project) == before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("value", ["gadget_ner", "'gadget_ner'", '"gadget_ner"'])
def test_only_the_variables_change(value, end, project):
    """Quotes, comments, line ends and the same word elsewhere stay."""
    yml = project / "project.yml"
    lines = [
        "title: 'name: x' # name: y",
        "vars:",
        "  # name: no",
        f"  name:   {value}  # the name: of it",
        "",
        '  lang: en # "lang"',
        "  other_name: z",
        "# name: w",
        "commands:",
        "  - name: x",
        "    help: ä",
        "    name2: name",
    ]
    yml.write_bytes(end.join(lines).encode("utf8"))
    assert do("--yes", "true", "--name", "n2", "--lang", "de").exit_code == 0
    lines[3], lines[5] = '  name:   "n2"  # the name: of it', '  lang: "de" # "lang"'
    assert yml.read_bytes() == end.join(lines).encode("utf8")


def test_a_project_file_that_is_written_otherwise_is_left(project):
    yml = project / "project.yml"
    yml.write_text('vars: {name: "x", lang: "en"}\n', encoding="utf8")
    before = contents(project)
    done = do("--yes", "true", "--name", "y")
    assert done.exit_code == 1 and "Can't set name" in done.flat
    assert contents(project) == before


def test_folders_and_files_elsewhere_stay(project, tmp_path_factory):
    """They can't be what the project came with."""
    other = tmp_path_factory.mktemp("elsewhere") / "gold.jsonl"
    other.write_text("{}\n")
    (project / "many").mkdir()
    (project / "many" / "texts.txt").write_text("mine\n")
    done = do("--yes", "true", args=["many", ARGS[1], other, *ARGS[3:]])
    assert done.exit_code == 0 and "many stays as it is" in done.flat
    assert other.read_text() == "{}\n"
    assert (project / "many" / "texts.txt").read_text() == "mine\n"
    assert (project / "assets" / "patterns.jsonl").read_bytes() == b""
    assert (
        (project / "assets" / "texts.jsonl").stat().st_size
    )  # not a file of this project's any more


def test_git_ignores_what_was_shipped_and_nothing_of_a_person(tmp_path):
    shutil.copy(ROOT / ".gitignore", tmp_path)
    run_git = ["git", "-C", str(tmp_path)]
    subprocess.run([*run_git, "init", "-q"], check=True)
    for name in ("assets/before-new", "assets/before-new-2", "assets"):
        (tmp_path / name).mkdir(exist_ok=True, parents=True)
        (tmp_path / name / "texts.jsonl").touch()
    listed = ["ls-files", "--others", "--exclude-standard", "assets"]
    found = subprocess.run([*run_git, *listed], check=True, capture_output=True, text=True)
    assert found.stdout.split() == ["assets/before-new-2/texts.jsonl", "assets/texts.jsonl"]


@pytest.mark.slow
def test_as_a_command_of_the_project(clone, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(clone, project)
    weasel = ("-m", "weasel", "run", "new", ".")
    refused = run(*weasel, cwd=project, check=False, stdin=subprocess.DEVNULL)
    assert refused.returncode == 1 and "there is no terminal" in " ".join(refused.stdout.split())
    wrong = run(*weasel, "--vars.texts", "a.txt", "--vars.yes", "true", cwd=project, check=False)
    assert wrong.returncode == 1 and "not vars.texts" in " ".join(wrong.stdout.split())
    assert (project / "assets" / "texts.jsonl").stat().st_size
    done = run(*weasel, "--vars.name", "tweets_ner", "--vars.yes", "true", cwd=project)
    assert "Skipping" not in done.stdout and 'name is "tweets_ner"' in done.stdout
    assert not (project / "assets" / "texts.jsonl").stat().st_size
    assert not list(project.rglob(".*.tmp"))
    # The next command says what is missing
    empty = run("-m", "weasel", "run", "convert", cwd=project, check=False)
    assert empty.returncode == 1 and "No patterns" in empty.stdout


@pytest.mark.slow
def test_in_a_real_terminal(project):
    pty = pytest.importorskip("pty", reason="needs a Unix terminal")
    main, side = pty.openpty()
    command = [sys.executable, "-B", str(ROOT / "scripts" / "new.py"), *ARGS]
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, cwd=project)
    os.close(side)
    shown = ""
    for question, typed in (("Go on?", "y\n"), ("Name of your package", "mine\n"), ("convert", "")):
        while question not in shown:
            assert select.select([main], [], [], 60)[0], shown
            shown += os.read(main, 65536).decode("utf8", "replace")
        os.write(main, typed.encode())
    assert process.wait(30) == 0
    os.close(main)
    assert srsly.read_yaml(project / "project.yml")["vars"]["name"] == "mine"


def test_project_file_lists_it():
    commands = {c["name"]: c for c in srsly.read_yaml(ROOT / "project.yml")["commands"]}
    [script] = commands["new"]["script"]
    positions = [script.index(f"${{vars.{name}}}") for name in NAMES]
    assert positions == sorted(positions)
    assert not {"deps", "outputs"} & set(commands["new"])  # so it is never skipped

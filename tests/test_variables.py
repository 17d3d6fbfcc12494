"""Variables: what can't be meant is said by its name, with exit code 1, before anything is done."""

import shutil

import pytest
import srsly
from helpers.running import replace_in, run

from shared.errors import InputError
from shared.project import check_name

# Command, what is typed after it, and what is said
CASES = {
    "misspelt": ("convert", ["--vars.langg", "de"], "Did you mean vars.lang?"),
    "unknown": ("convert", ["--vars.zzz", "1"], "There is no variable vars.zzz"),
    "with an equals sign": ("convert", ["--vars.langg=de"], "There is no variable vars.langg"),
    "empty": ("convert", ["--vars.lang", ""], "vars.lang is empty"),
    "version as a number": ("package", ["--vars.version", "1.10"], "was read as the number 1.1"),
    "name as a number": ("package", ["--vars.name", "007"], "vars.name was read as the number 7"),
    "free text": ("package", ["--vars.description", "x"], "Write it into project.yml"),
    "impossible name": ("convert", ["--vars.name", "my-name"], "vars.name is 'my-name'"),
    "impossible version": ("convert", ["--vars.version", "one"], "vars.version is 'one'"),
    "no number": ("convert", ["--vars.n_process", "abc"], "vars.n_process: "),
    "a comma": ("evaluate", ["--vars.min_f", "0,7"], "vars.min_f: "),
    "too small": ("suggest", ["--vars.n_suggestions", "0"], "vars.n_suggestions: "),
    "seed below 0": ("train", ["--vars.seed", "-1"], "vars.seed: "),
    "seed too large": ("train", ["--vars.seed", str(2**32)], "vars.seed: "),
    "no such GPU": ("train", ["--vars.gpu_id", "7"], "Can't use GPU 7"),
    "no config": ("train", ["--vars.config", "configs/none.cfg"], "none.cfg"),
    "no config, but text": ("train", ["--vars.config", "README.md"], "README.md"),
}


@pytest.fixture(scope="module")
def trained(finished, tmp_path_factory):
    """A finished project in which every command is out of date."""
    project = tmp_path_factory.mktemp("variables") / "project"
    shutil.copytree(finished, project)
    (project / "project.lock").unlink()
    return project


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_bad_variable(case, trained):
    command, typed, said = CASES[case]
    before = {path: path.stat().st_mtime_ns for path in (trained / "training").rglob("*")}
    args = ("-m", "spacy", "project", "run", command, ".", *typed)
    result = run(*args, cwd=trained, check=False)
    assert result.returncode == 1
    output = " ".join(result.stdout.split())
    assert said in output and "Traceback" not in result.stdout + result.stderr
    # The trained model is what it was
    assert {path: path.stat().st_mtime_ns for path in (trained / "training").rglob("*")} == before


@pytest.mark.slow
def test_any_text_about_the_package(trained, tmp_path):
    """Quotes, a $, a backslash and line breaks in what project.yml says of the package."""
    text = 'The "best" recognizer\n\tfor $5, in C:\\new, Pat\'s'
    project = trained / "project.yml"
    before = project.read_text(encoding="utf8")
    try:
        lines = [
            f"  description: {srsly.json_dumps(text)}"
            if line.startswith("  description:")
            else line
            for line in before.splitlines()
        ]
        project.write_text("\n".join(lines) + "\n", encoding="utf8")
        run("-m", "weasel", "run", "package", cwd=trained)
        run("-m", "weasel", "run", "--help", cwd=trained)
    finally:
        project.write_text(before, encoding="utf8")
    [meta] = (trained / "packages").glob("*/en_gadget_ner/meta.json")
    assert srsly.read_json(meta)["description"] == text


@pytest.mark.slow
def test_version_with_a_dash_is_packaged_and_checked(trained):
    version = ["--vars.version", "1.0-beta"]
    run("-m", "weasel", "run", "package", ".", *version, cwd=trained)
    output = run("-m", "weasel", "run", "check-package", ".", *version, cwd=trained).stdout
    assert "en_gadget_ner installs" in output


def test_names_that_are_possible():
    check_name("en", "gadget_ner", "0.1.0")
    check_name("de", "en_x2", "1.0rc1")
    for name in ("", "a b", "ünï", "a-b", "_a", "a__b", "en_x", "a/b", "../a"):
        with pytest.raises(InputError, match="vars.name is"):
            check_name("en", name, "1.0")
    for version in ("", "1.0.", "v one", "1/2"):
        with pytest.raises(InputError, match="vars.version is"):
            check_name("en", "x", version)


def test_unquoted_number_in_project_yml(tmp_path, monkeypatch):
    from shared.project import check_package_name

    monkeypatch.chdir(tmp_path)
    check_package_name("en")  # no project.yml, nothing to say
    project = tmp_path / "project.yml"
    project.write_text('vars:\n  name: "x"\n  version: 1.10\n', encoding="utf8")
    with pytest.raises(InputError, match="vars.version was read as the number 1.1"):
        check_package_name("en")
    replace_in(project, "1.10", '"1.10"')
    check_package_name("en")

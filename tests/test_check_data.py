"""check-data: what it prints and writes, and puts into a report that is there."""

import re

import pytest
import srsly
from helpers.flawed_data import files, good_data, inside_a_word, odd_one, record
from helpers.little import CHECKED, little_report
from helpers.running import LANG, ROOT, copy, invoke, run

from check_data import check_data_cli
from checking.corpora import remedy_of
from measuring.page import fingerprint, update_section


@pytest.mark.slow
@pytest.mark.parametrize("is_good", [True, False])
def test_command(is_good, tmp_path):
    data = good_data()
    if not is_good:
        inside_a_word(data)
        odd_one(data)
        data.gold.append(record("see \x1b[2J", "zorba,", "dal " * 40))
    output, report = tmp_path / "check.json", tmp_path / "report.html"
    config = ROOT / "configs" / "ner.cfg"
    result = invoke(check_data_cli, *files(data, tmp_path), config, output, report)
    assert result.exit_code == (0 if is_good else 1), result.output
    checked = srsly.read_json(output)
    assert checked["counts"]["error"] == (0 if is_good else 1)
    assert checked["passed"] >= 5
    # spaCy wants 2,000 texts
    assert "to train a new pipeline (300)" in result.flat
    assert "spaCy recommends 2,000 texts to train on" in result.flat
    assert all(len(line) <= 80 for line in result.output.splitlines())
    assert "\x1b[2J" not in result.output
    assert ("gold.jsonl:321" in result.output) is not is_good
    assert not report.exists()


def test_broken_file_is_named(inputs):
    inputs.gold.write_text('{"text": "a"}\n{"text": 1}\n', encoding="utf8")
    paths = [inputs.texts, inputs.patterns, inputs.gold, inputs.suggestions, inputs.suggestions]
    rest = [ROOT / "configs" / "ner.cfg", *(inputs.folder / name for name in "ab")]
    result = invoke(check_data_cli, *paths, *rest, "--lang", LANG)
    assert result.exit_code == 1 and "gold.jsonl, line 2" in result.flat


@pytest.mark.parametrize(
    "complaint, said",
    [
        ("Low number of examples for label 'X' (9)", "spaCy wants more than 50"),
        ("Low number of examples to train a new pipeline (9)", "2,000 texts"),
        ("3 training examples also in evaluation data", "spacy.io/api/cli#debug-data"),
    ],
)
def test_complaints_come_with_how_many_are_enough(complaint, said):
    assert said in remedy_of(complaint)


# --- In the report


@pytest.fixture
def paths(little, tmp_path):
    """RETURNS (dict): The files of a little project; the report and what was found are the test's."""
    own = {name: tmp_path / name for name in ("data_check", "report")}
    return {**little, **own}


def checked(paths):
    """RETURNS (dict): Findings of the project's data."""
    stats = srsly.read_json(paths["stats"])
    return {**CHECKED, "fingerprint": fingerprint(stats, paths["test"])}


def test_report_without_and_with_a_check(paths):
    without = little_report(paths)
    assert "What the check of the data found" not in without
    srsly.write_json(paths["data_check"], checked(paths))
    page = little_report(paths)
    assert "What the check of the data found" in page and "gold.jsonl:7" in page
    assert "<i>" not in page and "<b>" not in page and "\u202e" not in page
    assert "have changed since" not in page


def test_report_says_that_the_data_changed(paths):
    srsly.write_json(paths["data_check"], CHECKED)
    assert "have changed since" in little_report(paths)


def test_findings_are_put_into_a_report_as_report_would(paths):
    little_report(paths)
    before = paths["report"].read_text("utf8")
    update_section(paths["report"], checked(paths))
    updated = paths["report"].read_text("utf8")
    srsly.write_json(paths["data_check"], checked(paths))
    assert updated == little_report(paths) != before


@pytest.mark.slow
def test_in_the_project(finished, tmp_path):
    """After it `all` writes the report again, with the same content, and nothing else."""
    project = copy(finished, tmp_path)
    page = project / "training" / "report.html"
    command = ("-m", "spacy", "project", "run", "check-data")
    assert "0 errors" in run(*command, cwd=project).stdout
    # It is asked for on purpose, so it is never skipped
    assert "Skipping" not in run(*command, ".", "--dry", cwd=project).stdout
    updated = page.read_text("utf8")
    assert "What the check of the data found" in updated and "have changed since" not in updated
    output = run("-m", "spacy", "project", "run", "all", cwd=project).stdout
    skipped = re.findall(r"Skipping '([\w-]+)': nothing changed", output)
    assert len(skipped) == 6 and "report" not in skipped
    assert page.read_text("utf8") == updated

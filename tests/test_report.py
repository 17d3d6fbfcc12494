"""The report, also where there is little to say."""

import re
from collections import Counter

import pytest
import srsly
from helpers.little import HOSTILE, RECORDS, WORDS, little_project, little_report
from helpers.running import invoke

from measuring.marks import PER_KIND
from report import report_cli


@pytest.fixture(scope="module")
def page(little):
    return little_report(little)


def test_page_holds_what_it_is_for(page):
    for part in ("The pipeline finds 40.0%", "never matched", "galaxy", "Training config"):
        assert part in page
    assert page.count("<svg") == 4 == page.count('role="img" aria-label="')
    assert page.count('class="example"') == 4


@pytest.mark.parametrize("log, n_rows", [("log", 3), ("none", 0)])
def test_door_writes_page_and_learning_curve(log, n_rows, little, page, tmp_path):
    named = {**little, "train": little["corpus"] / "train", "none": tmp_path / "none.jsonl"}
    named.update(config=little["rules"] / "config.cfg", log=named[log])
    arguments = [named[name] for name in ("test", "stats", "metrics", "predictions")]
    arguments += [tmp_path / "report.html", tmp_path / "curve.json"]
    named["dev"] = little["corpus"] / "dev.spacy"
    arguments += ["--errors-of", "test"]
    for name in ("dev", "rules", "train", "config", "log", "data_check"):
        arguments += [f"--{name.replace('_', '-')}", named[name]]
    assert invoke(report_cli, *arguments).exit_code == 0
    assert ((tmp_path / "report.html").read_text("utf8") == page) is bool(n_rows)
    curve = srsly.read_json(tmp_path / "curve.json")
    assert [(row["step"], row["f"]) for row in curve] == [(0, 0), (200, 0.2), (400, 0.4)][:n_rows]


def test_page_needs_no_network(page):
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert not re.search(r"@import|url\((?!#)|fetch\(", page)


def test_same_files_give_the_same_page(page, little):
    assert little_report(little) == page


def test_ids_are_unique(page):
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert [name for name, number in Counter(ids).items() if number > 1] == []


def test_without_gold(tmp_path):
    page = little_report(little_project(tmp_path, gold=False))
    assert "How good the pipeline is was not measured" in page
    assert page.count("not accuracy") >= 2
    assert "better than" not in page


def test_without_test_texts(tmp_path):
    page = little_report(little_project(tmp_path, records=[]))
    assert "Nothing was measured" in page
    assert "<svg" not in page.split('id="training"')[0]


def test_without_any_entity(tmp_path):
    words = {**WORDS, "model": {"GADGET": ["none"]}, "pipeline": {"GADGET": ["none"]}}
    for records in ([("Nothing here", [])], [("An iphone", [])]):
        page = little_report(little_project(tmp_path, records, words))
        assert "None of the 1 test texts holds an entity" in page
        assert "Recall on seen forms can" not in page


def test_label_never_predicted_and_label_not_in_test(tmp_path):
    records = [("My iphone", [(3, 9, "GADGET")]), ("A zebra", [(2, 7, "ANIMAL")])]
    words = {**WORDS, "rules": {"GADGET": ["iphone"], "FRUIT": ["apple"]}}
    page = little_report(little_project(tmp_path, records, words))
    assert "No rule has the label ANIMAL" in page
    assert "No FRUIT is marked in the test texts" in page


def test_without_errors(tmp_path):
    page = little_report(little_project(tmp_path, [("My iphone", [(3, 9, "GADGET")])]))
    assert "The pipeline makes none on the test texts" in page


def test_without_training_log(little, tmp_path):
    page = little_report({**little, "log": tmp_path / "none.jsonl"})
    assert "There is no training log" in page


def test_hostile_texts_labels_and_patterns_are_text(tmp_path):
    label = "<script>alert(3)</script>"
    words = {stage: {label: ["iphone", "<script>alert(4)</script>"]} for stage in WORDS}
    project = little_project(tmp_path, [(HOSTILE, [(0, 8, label)]), ("A pixel", [])], words)
    page = little_report(project)
    assert page.count("<script") == 1 and "<img" not in page
    assert not re.search("[\0-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)
    for code in ("U+001B", "U+0000", "U+202E", "U+2066"):
        assert code in page


def test_errors_are_sampled_and_cut(tmp_path):
    long = ("word " * 2000, [(0, 4, "GADGET")])
    records = [*(RECORDS * 30), *[long] * 3]
    project = little_project(tmp_path, records)
    page = little_report(project)
    shown = page.count('class="example"')
    assert PER_KIND < shown <= 4 * PER_KIND
    assert f"Below are {shown} texts" in page and len(page) < 2**20
    assert "…" in page


@pytest.mark.slow
def test_page_of_many_long_texts_is_small(tmp_path):
    records = [(f"{i} " + "plain words " * 30 + "kindle", []) for i in range(2000)]
    records = [(text, [(len(text) - 6, len(text), "GADGET")]) for text, _ in records]
    assert len(little_report(little_project(tmp_path, records)).encode()) < 4 * 2**20

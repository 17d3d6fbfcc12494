"""The report's words, tables and pictures, also where there is little to say."""

import re
from collections import Counter

import pytest
import srsly
from helpers.little import RECORDS, WORDS, docs, little_project, little_report, write_jsonl

from measuring.marks import PER_KIND, draw, error_examples, visible
from measuring.words import learning_curve, rule_table, show_pattern, verdict

HOSTILE = "<script>alert(1)</script> \"'& \x1b[31m \0 \u202eevil\u2066 iphone <img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return little_project(tmp_path_factory.mktemp("little"))


def test_page_holds_what_the_issue_asks(project):
    page = little_report(project)
    for part in ("The pipeline finds 40.0%", "never matched", "galaxy", "Training config"):
        assert part in page
    assert page.count("<svg") == 4 == page.count('role="img" aria-label="')
    assert page.count('class="example"') == 4


def test_page_needs_no_network(project):
    page = little_report(project)
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert not re.search(r"@import|url\((?!#)|fetch\(", page)


def test_same_files_give_the_same_page(project):
    assert little_report(project) == little_report(project)


def test_ids_are_unique(project):
    ids = re.findall(r'\bid="([^"]+)"', little_report(project))
    assert [name for name, number in Counter(ids).items() if number > 1] == []


@pytest.mark.parametrize(
    "interval, headline",
    [
        ([0.01, 0.2], "The pipeline is better than the rules alone"),
        ([-0.1, -0.01], "The rules alone are better than the pipeline"),
        ([-0.1, 0.1], "No clear difference"),
    ],
)
def test_verdict_follows_the_interval(project, interval, headline):
    metrics = srsly.read_json(project["metrics"])
    metrics["differences"]["pipeline-rules"]["ents_f_ci"] = interval
    assert verdict(metrics)[0].startswith(headline)


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
    assert "Recall on unseen forms can&#39;t be said" in page


def test_without_training_log(project, tmp_path):
    page = little_report({**project, "log": tmp_path / "none.jsonl"})
    assert "There is no training log" in page


def test_learning_curve(tmp_path):
    rows = [{"step": 5, "losses": {"a": 1, "b": 2}, "scores": {"ents_f": 50.0}}]
    log = write_jsonl(tmp_path / "log.jsonl", [*rows, {"step": 6, "losses": {}, "scores": None}])
    assert learning_curve(log) == [{"step": 5, "loss": 3, "f": 0.5}]


def test_hostile_texts_labels_and_patterns_are_text(tmp_path):
    label = "<script>alert(3)</script>"
    words = {stage: {label: ["iphone", "<script>alert(4)</script>"]} for stage in WORDS}
    project = little_project(tmp_path, [(HOSTILE, [(0, 8, label)]), ("A pixel", [])], words)
    page = little_report(project)
    assert page.count("<script") == 1 and "<img" not in page
    assert not re.search("[\0-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)
    for code in ("U+001B", "U+0000", "U+202E", "U+2066"):
        assert code in page


def test_drawing_keeps_text_and_offsets():
    html = draw("a\0b <c>", [], "rtl")
    assert "direction: rtl" in html and "&lt;c&gt;" in html
    assert visible("\u202e<") == '<span class="control">U+202E</span>&lt;'


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
    records = [(f"{i} " + "plain words " * 30 + "kindle", []) for i in range(5000)]
    records = [(text, [(len(text) - 6, len(text), "GADGET")]) for text, _ in records]
    assert len(little_report(little_project(tmp_path, records)).encode()) < 10 * 2**20


def test_errors_of_every_kind_are_marked():
    gold = docs([text_and_spans for text_and_spans in RECORDS if text_and_spans[1]])
    empty = docs([(text, []) for text, spans in RECORDS if spans])
    examples = error_examples(gold, empty)
    assert [example["kinds"] for example in examples] == [["missed"]] * 5
    assert '<mark class="wrong">iphone' in examples[0]["gold"]
    assert "<mark" not in examples[0]["found"]


def test_rule_table():
    rules = [
        {"id": "a", "label": "X", "pattern": [{"LOWER": "it"}, {"IS_DIGIT": True}], "matches": 3},
        {"id": "b", "label": "X", "pattern": "no", "matches": 0},
        {"id": "c", "label": "X", "pattern": "yes", "matches": 9},
    ]
    gold, found = docs([("it 1 it 2", [(0, 4, "X")])]), docs([("it 1 it 2", [])])
    spans = [found[0].char_span(0, 4, "X", span_id="a"), found[0].char_span(5, 9, "X", span_id="a")]
    found[0].set_ents(spans)
    table = rule_table({"rules": rules}, gold, found, {"a": Counter({"it 7": 2})})
    assert [row["id"] for row in table] == ["c", "a", "b"]
    assert (table[1]["right"], table[1]["found"]) == (1, 2)
    assert table[1]["examples"] == [("it 7", 2)] and table[1]["wrong"] == [("it 2", 1)]
    assert table[1]["pattern"] == "{LOWER: it} {IS_DIGIT: True}"
    assert len(show_pattern("long" * 1000)) <= 300

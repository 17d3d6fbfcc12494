"""What suggest proposes, keeps and refuses."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import typer
from helpers.little import build_rules
from helpers.suggest_data import (
    FRUITS,
    MAKERS,
    ROOT,
    make_files,
    read_jsonl,
    sentences,
    write_jsonl,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarking.annotator import Annotator, simulate, span_scores
from benchmarking.suggest_speed import benchmark_suggest, print_results
from reading.gold import load_gold, read_gold
from reading.lines import append_records
from reading.patterns import blank
from reading.suggestions import read_answers, write_answer
from shared.errors import InputError
from suggest import suggest_cli
from suggesting.candidates import find_candidates, load_candidates
from suggesting.suggester import Suggester

EXTRA = ROOT / "assets" / "extra"


@pytest.fixture
def files(tmp_path):
    return make_files(tmp_path)


def make_suggester(files) -> Suggester:
    nlp = blank("en")
    found = load_candidates(files["candidates"], nlp, files["texts"], files["gold"])
    return Suggester(nlp, found, files["patterns"], files["texts"])


def run_suggest(files):
    app = typer.Typer()
    app.command()(suggest_cli)
    return CliRunner().invoke(app, [str(path) for path in files.values()])


def start_suggest(files, hash_seed):
    command = [sys.executable, str(ROOT / "scripts" / "suggest.py"), *map(str, files.values())]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})


def test_proposes_what_is_like_the_rules_for_each_label(files):
    added = make_suggester(files).add(files["suggestions"], 10)
    terms = {(record["label"], record["text"]) for record in added}
    assert len(added) == 10
    assert terms >= {("FRUIT", fruit) for fruit in ("plum", "cherry", "kiwi", "mango")}
    assert terms >= {("MAKER", maker) for maker in ("Bolt & Sons", "Zeta Labs")}
    # What a pattern finds, one with operators included, is no question
    assert not {text.lower() for _, text in terms} & {"apple", "pear", "acme co"}


def test_writes_the_format_of_the_contract(files):
    make_suggester(files).add(files["suggestions"], 4)
    records = read_jsonl(files["suggestions"])
    texts = " ".join(sentences())
    for record in records:
        assert list(record) == ["text", "label", "score", "count", "examples", "answer"]
        assert 0 <= record["score"] <= 1 and record["answer"] is None
        assert record["count"] == texts.count(record["text"])
        assert 1 <= len(record["examples"]) <= 3
        assert all(record["text"] in example for example in record["examples"])


def test_asks_nothing_twice_and_comes_to_an_end(files):
    suggester = make_suggester(files)
    while suggester.add(files["suggestions"], 40):
        records = read_jsonl(files["suggestions"])
        for record in records:
            right = FRUITS if record["label"] == "FRUIT" else MAKERS
            record["answer"] = "accept" if record["text"] in right else "reject"
        write_jsonl(files["suggestions"], records)
    records = read_jsonl(files["suggestions"])
    questions = [(record["label"], record["text"].lower()) for record in records]
    assert len(set(questions)) == len(questions)
    accepted = {record["text"] for record in records if record["answer"] == "accept"}
    assert accepted == {*FRUITS, *MAKERS} - {"apple", "pear", "Acme Co"}
    done = run_suggest(files)
    assert done.exit_code == 0 and "Nothing is left" in done.output


def test_keeps_every_line_as_it_is(files):
    # Other spacing, keys, case and line ends, and no line end at the end
    by_hand = (
        '{"label":"FRUIT",  "text":"PLUM","answer":"accept","note":"ä"}\r\n\n'
        '{"text": "big house", "label": "FRUIT", "answer": "reject"}'
    )
    files["suggestions"].write_bytes(by_hand.encode("utf8"))
    added = make_suggester(files).add(files["suggestions"], 30)
    assert files["suggestions"].read_bytes().startswith(by_hand.encode("utf8") + b"\n")
    questions = {(record["label"], record["text"].lower()) for record in added}
    assert not questions & {("FRUIT", "plum"), ("MAKER", "plum"), ("FRUIT", "big house")}


def test_an_answer_changes_one_line_only(files):
    files["suggestions"].write_bytes(
        b'{"text":"plum","label":"FRUIT"}\n\n{"text":"kiwi","label":"FRUIT"}\r\nend'
    )
    nlp = blank("en")
    with pytest.raises(InputError, match="line 4"):
        read_answers(nlp, files["suggestions"], ["FRUIT"])
    files["suggestions"].write_bytes(files["suggestions"].read_bytes()[:-3])
    kiwi = read_answers(nlp, files["suggestions"], ["FRUIT"])[1]
    write_answer(kiwi, "accept")
    assert files["suggestions"].read_bytes() == (
        b'{"text":"plum","label":"FRUIT"}\n\n'
        b'{"text": "kiwi", "label": "FRUIT", "answer": "accept"}\r\n'
    )
    files["suggestions"].write_bytes(b'{"text":"plum","label":"FRUIT"}\n')
    with pytest.raises(InputError, match="changed by something else"):
        write_answer(kiwi, "reject")


@given(st.lists(st.dictionaries(st.text(), st.text()), min_size=1), st.data())
@settings(max_examples=50, deadline=None)
def test_any_record_survives_writing(tmp_path_factory, extra, data):
    path = tmp_path_factory.mktemp("any") / "suggestions.jsonl"
    records = [{**more, "text": f"t{i}", "label": "X"} for i, more in enumerate(extra)]
    for record in records:
        record.pop("answer", None)
        append_records(path, [record])
    nlp = blank("en")
    number = data.draw(st.integers(0, len(records) - 1))
    write_answer(read_answers(nlp, path, ["X"])[number], "ignore")
    records[number]["answer"] = "ignore"
    assert [suggestion.record for suggestion in read_answers(nlp, path, ["X"])] == records


@pytest.mark.parametrize(
    "line, problem",
    [
        ('{"text": "plum", "label": "FRU', "Broken JSON"),
        ('{"text": "plum"}', "'label' is missing"),
        ('{"text": "plum", "label": "FRUITS"}', "No pattern has the label 'FRUITS'"),
        ('{"text": "plum", "label": "FRUIT", "answer": "yes"}', "Unknown answer 'yes'"),
        ('{"text": "Kiwi", "label": "FRUIT", "answer": "reject"}', "on line 1"),
        ('["plum", "FRUIT"]', "no JSON object"),
    ],
)
def test_says_what_is_wrong_and_where(files, line, problem):
    content = f'{{"text": "kiwi", "label": "FRUIT", "answer": "accept"}}\n\n{line}\n'
    files["suggestions"].write_text(content)
    done = run_suggest(files)
    output = " ".join(done.output.split())
    assert done.exit_code == 1 and "Traceback" not in output
    assert problem in output and "suggestions.jsonl, line 3" in output
    assert files["suggestions"].read_text() == content
    with pytest.raises(InputError, match="line 3"):
        build_rules("en", files["patterns"], files["suggestions"])


def test_answers_whose_text_has_vanished_stay_rules(files):
    write_jsonl(
        files["suggestions"], [{"text": " Star  fruit\n", "label": "FRUIT", "answer": "accept"}]
    )
    assert make_suggester(files).add(files["suggestions"], 5)
    rules = build_rules("en", files["patterns"], files["suggestions"])
    assert [ent.text for ent in rules("One star fruit, please").ents] == ["star fruit"]


def test_rejected_for_one_label_may_be_asked_for_another(files):
    rejected = {"text": "Zeta Labs", "label": "FRUIT", "answer": "reject"}
    write_jsonl(files["suggestions"], [rejected])
    added = make_suggester(files).add(files["suggestions"], 10)
    assert "MAKER" in [record["label"] for record in added if record["text"] == "Zeta Labs"]


def test_texts_of_gold_are_left_out(files):
    write_jsonl(files["gold"], [{"text": text, "spans": []} for text in sentences()[:200]])
    nlp = blank("en")
    found = load_candidates(files["candidates"], nlp, files["texts"], files["gold"])
    assert found.counts[found.terms.index("fresh")] == 100


def test_candidates_come_from_the_cache_until_the_texts_change(files, monkeypatch):
    first = make_suggester(files).candidates
    monkeypatch.setattr("candidates.find_candidates", lambda *_: pytest.fail("not from cache"))
    second = make_suggester(files).candidates
    assert second.terms == first.terms and second.forms == first.forms
    assert np.array_equal(second.counts, first.counts)
    assert (second.texts != first.texts).nnz == 0 and (second.parts != first.parts).nnz == 0
    monkeypatch.undo()
    write_jsonl(files["texts"], [{"text": "One plum and one plum"}])
    assert make_suggester(files).candidates.terms == ["plum"]
    files["candidates"].write_bytes(files["candidates"].read_bytes()[:100])
    assert make_suggester(files).candidates.terms == ["plum"]


def test_the_same_again_whatever_the_hash_seed(files, tmp_path):
    results = set()
    for seed in ("0", "1"):
        files["suggestions"].write_text("")
        files["candidates"].unlink(missing_ok=True)
        start_suggest(files, seed)
        results.add((files["suggestions"].read_bytes(), files["candidates"].read_bytes()))
    run_suggest({**files, "suggestions": write_jsonl(tmp_path / "again.jsonl", [])})
    assert len(results) == 1
    assert (tmp_path / "again.jsonl").read_bytes() == next(iter(results))[0]


@pytest.mark.parametrize(
    "texts", [[], ["."], ["Hi"], ["a\u0000b \u202e \x1b[31m"], ["x " * 9], ["Zeta"] * 2]
)
def test_little_or_odd_text(files, texts):
    write_jsonl(files["texts"], [{"text": text} for text in texts])
    done = run_suggest(files)
    assert done.exit_code == 0, done.output
    assert all(record["text"].isprintable() for record in read_jsonl(files["suggestions"]))


@given(st.lists(st.text(st.sampled_from("aB1 .,'&-é中\n\x00"), max_size=30), max_size=8))
@settings(max_examples=60, deadline=None)
def test_candidates_are_what_a_count_by_hand_finds(texts):
    nlp = blank("en")
    found = find_candidates(nlp, enumerate(texts))
    docs = [[token.lower_ for token in nlp.make_doc(text)] for text in texts]
    assert len(set(form.lower() for form in found.forms)) == len(found.forms)
    for row, (form, count) in enumerate(zip(found.forms, found.counts)):
        words = form.lower().split(" ")
        places = [
            (number, start)
            for number, doc in enumerate(docs)
            for start in range(len(doc))
            if doc[start : start + len(words)] == words
        ]
        assert len(places) == count
        assert found.texts[row].nnz == len({number for number, _ in places})
        for number, start, end in found.examples[row]:
            if number >= 0:
                assert texts[number][start:end].lower() == "".join(found.terms[row].lower())


def test_the_annotator_follows_its_definition():
    nlp = blank("en")
    records = [("red apple pie", 0, 2), ("an apple", 1, 2), ("Apple pie", 0, 1), ("apple", 0, 0)]
    docs = []
    for text, start, end in records:
        doc = nlp.make_doc(text)
        doc.set_ents(
            [doc.char_span(doc[start].idx, doc[end - 1].idx + len(doc[end - 1]), "X")]
            if end
            else []
        )
        docs.append(doc)
    annotator = Annotator(docs)
    assert annotator("X", ["apple"]) == "accept"  # exact twice, within an entity 3 of 4 times
    assert annotator("X", ["red", "apple"]) == "accept"
    assert annotator("X", ["apple", "pie"]) == "reject"  # never exact
    assert annotator("X", ["red"]) == "reject"
    assert annotator("Y", ["apple"]) == "reject"
    assert annotator("X", ["unseen"]) == "reject"


@pytest.mark.skipif(not (EXTRA / "food_data.jsonl").exists(), reason="needs the extra assets")
def test_answers_are_worth_it_on_real_data(tmp_path):
    records = [
        {"text": r.text, "spans": [dict(zip(("start", "end", "label"), s)) for s in r.spans]}
        for r in read_gold(EXTRA / "food_data.jsonl")
    ]
    random.Random(0).shuffle(records)
    files = {
        "texts": EXTRA / "reddit_r_cooking_sample.jsonl",
        "patterns": EXTRA / "food_patterns.jsonl",
        "gold": write_jsonl(tmp_path / "test.jsonl", records[:300]),
        "suggestions": write_jsonl(tmp_path / "suggestions.jsonl", []),
        "candidates": tmp_path / "candidates.npz",
    }
    human = write_jsonl(tmp_path / "human.jsonl", records[300:])
    suggester = make_suggester(files)
    annotated, test = (load_gold(suggester.nlp, path, True)[0] for path in (human, files["gold"]))
    scores = []
    for _ in simulate(suggester, Annotator(annotated), files["suggestions"], (0, 100, 200)):
        rules = build_rules("en", files["patterns"], files["suggestions"])
        scores.append(round(100 * span_scores(rules, test)["ents_f"], 1))
    print("F1 of the rules after 0, 100 and 200 answers:", scores)
    assert scores[0] == 43.5 and scores[1] > 70 and scores[2] > 72.5


@pytest.mark.slow
def test_benchmark(files, tmp_path, capsys):
    rows = benchmark_suggest(files["texts"], files["patterns"], (50, 100))
    assert [(row["texts"], row["run"]) for row in rows] == [
        *((50, "first"), (50, "later"), (100, "first"), (100, "later"))
    ]
    assert all(row["seconds"] > 0 for row in rows)
    assert rows[1]["suggestions"] >= rows[0]["suggestions"] > 0
    print_results(rows)
    table = capsys.readouterr().out
    assert "Peak MB" in table and max(map(len, table.splitlines())) <= 80

"""The protocol of the benchmarks, and what they print."""

import random

import pytest
import srsly
from helpers.benchmark_data import make_assets
from helpers.little import NLP, build_rules
from helpers.running import COURSE_PATTERNS, ROOT, write_jsonl
from helpers.suggest_data import make_files, make_suggester

from benchmarking import convert_speed, suggest_speed
from benchmarking.annotator import Annotator, simulate, span_scores
from benchmarking.data import load_datasets
from reading.gold import load_gold, read_gold
from shared.errors import InputError

# --- Data sets


EXTRA = ROOT / "assets" / "extra"


@pytest.fixture
def assets(tmp_path):
    return make_assets(tmp_path / "extra")


def test_food_is_split_by_the_protocol(assets):
    food = load_datasets(assets)["food"]
    records = [r["text"] for r in srsly.read_jsonl(assets / "food_data.jsonl") if "answer" not in r]
    random.Random(0).shuffle(records)
    assert [doc.text for doc in food.test] == records[:300]
    assert len(food.annotated) == 30


def test_missing_data(assets, tmp_path, capsys):
    (assets / "food_data.jsonl").unlink()
    assert list(load_datasets(assets)) == ["fashion"]
    assert "Left out food" in capsys.readouterr().out
    with pytest.raises(InputError, match="No data set"):
        load_datasets(tmp_path / "none")


@pytest.mark.slow
def test_real_data():
    if not all(
        (EXTRA / name).exists() for name in ("food_data.jsonl", "fashion_brands_eval.jsonl")
    ):
        pytest.skip("the extra assets are absent: spacy project assets --extra")
    found = load_datasets(EXTRA)
    sizes = {name: (len(data.test), len(data.annotated)) for name, data in found.items()}
    assert sizes == {"fashion": (500, 1235), "food": (300, 649)}


# --- Answers


def test_the_annotator_follows_its_definition():
    records = [("red apple pie", 0, 2), ("an apple", 1, 2), ("Apple pie", 0, 1), ("apple", 0, 0)]
    docs = []
    for text, start, end in records:
        doc = NLP.make_doc(text)
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


@pytest.mark.slow
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
        "annotated": tmp_path / "none.jsonl",
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


# --- Speed


@pytest.mark.slow
def test_speed_of_convert(inputs, capsys):
    texts = inputs.texts.read_text("utf8") + '{"text": "some rare pairs of words"}\n'
    inputs.texts.write_text(texts, encoding="utf8")
    results = convert_speed.benchmark_convert(
        inputs.texts,
        inputs.patterns,
        sizes=[300],
        n_patterns=[2, 5],
        n_processes=[1],
        speed_size=200,
    )
    [row] = results["scale"]
    assert row["texts"] == 300 and row["words"] > 300 * 4 and row["seconds"] > 0
    assert row["megabytes"] is None or 50 < row["megabytes"] < 2000
    assert [row["patterns"] for row in results["speed"]] == [2, 5]
    assert all(row["course"] > 0 and row["convert"]["1"] > 0 for row in results["speed"])
    convert_speed.print_results(results)
    assert "Peak MB" in capsys.readouterr().out


def test_added_patterns_are_the_rarest_pairs_of_words():
    texts = ["alpha beta gamma", "Alpha beta delta 5", "alpha beta"]
    rules = convert_speed._rules(COURSE_PATTERNS, texts, 5)
    assert rules[:2] == COURSE_PATTERNS
    pairs = [[token["LOWER"] for token in rule["pattern"]] for rule in rules[2:]]
    assert pairs == [["beta", "delta"], ["beta", "gamma"], ["alpha", "beta"]]
    with pytest.raises(InputError, match="too few words"):
        convert_speed._rules(COURSE_PATTERNS, texts, 6)


def test_tables_of_convert_fit_a_terminal(capsys):
    run = {"texts": 1_000_000, "n_process": 16, "words": 123_456_789, "seconds": 12_345.6}
    rates = {"16": 12_345_678.0, "1": 1_234_567.0}
    speed = {"patterns": 20_000, "course": 1_234_567.0, "course_texts": 100, "convert": rates}
    convert_speed.print_results({"scale": [{**run, "megabytes": 12_345.6}] * 2, "speed": [speed]})
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_missing_assets(tmp_path):
    with pytest.raises(InputError, match="No texts and patterns"):
        convert_speed.benchmark_convert(tmp_path / "none.jsonl", tmp_path / "none.jsonl")


@pytest.mark.slow
def test_speed_of_suggest(tmp_path, capsys):
    files = make_files(tmp_path)
    results = suggest_speed.benchmark_suggest(files["texts"], files["patterns"], (50, 100))
    rows = results["runs"]
    assert [(row["texts"], row["run"]) for row in rows] == [
        *((50, "first"), (50, "later"), (100, "first"), (100, "later"))
    ]
    assert all(row["seconds"] > 0 for row in rows)
    assert rows[1]["suggestions"] >= rows[0]["suggestions"] > 0
    suggest_speed.print_results(results)
    table = capsys.readouterr().out
    assert "Peak MB" in table and max(map(len, table.splitlines())) <= 80

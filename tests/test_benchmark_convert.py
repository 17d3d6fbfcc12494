"""What the benchmark of convert measures and prints, on little data."""

import pytest
from helpers.running import COURSE_PATTERNS

from benchmarking import convert_speed
from benchmarking.convert_speed import print_results
from shared.errors import InputError


def test_little_benchmark(inputs, capsys):
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
    print_results(results)
    assert "Peak MB" in capsys.readouterr().out


def test_added_patterns_are_the_rarest_pairs_of_words():
    texts = ["alpha beta gamma", "Alpha beta delta 5", "alpha beta"]
    rules = convert_speed._rules(COURSE_PATTERNS, texts, 5)
    assert rules[:2] == COURSE_PATTERNS
    pairs = [[token["LOWER"] for token in rule["pattern"]] for rule in rules[2:]]
    assert pairs == [["beta", "delta"], ["beta", "gamma"], ["alpha", "beta"]]
    with pytest.raises(InputError, match="too few words"):
        convert_speed._rules(COURSE_PATTERNS, texts, 6)


def test_tables_fit_a_terminal(capsys):
    run = {"texts": 1_000_000, "n_process": 16, "words": 123_456_789, "seconds": 12_345.6}
    rates = {"16": 12_345_678.0, "1": 1_234_567.0}
    speed = {"patterns": 20_000, "course": 1_234_567.0, "course_texts": 100, "convert": rates}
    print_results({"scale": [{**run, "megabytes": 12_345.6}] * 2, "speed": [speed]})
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_missing_assets(tmp_path):
    with pytest.raises(InputError, match="No texts and patterns"):
        convert_speed.benchmark_convert(tmp_path / "none.jsonl", tmp_path / "none.jsonl")

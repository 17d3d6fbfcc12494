"""The benchmark's protocol, on little data with the names of the real files."""

import random

import pytest
import srsly
from helpers.little import ROOT, write_jsonl
from helpers.running import run

from benchmarking import config as config_benchmark
from benchmarking.data import load_datasets
from benchmarking.page import SYSTEMS
from shared.errors import InputError

REAL = ROOT / "assets" / "extra"


@pytest.fixture
def assets(tmp_path):
    """Both data sets, small."""
    folder = tmp_path / "extra"
    folder.mkdir()
    for name, label in (("fashion_brands", "FASHION_BRAND"), ("food", "INGRED")):
        patterns = [{"label": label, "pattern": [{"lower": "garlic"}]}]
        write_jsonl(folder / f"{name}_patterns.jsonl", patterns)
    span = {"start": 0, "end": 6}
    for name, label, number in (
        ("fashion_brands_training", "FASHION_BRAND", 80),
        ("fashion_brands_eval", "FASHION_BRAND", 20),
        ("food_data", "INGRED", 330),
    ):
        records = [
            {"text": f"garlic in {name} {i}", "spans": [{**span, "label": label}]}
            for i in range(number)
        ]
        write_jsonl(folder / f"{name}.jsonl", [*records, {**records[0], "answer": "reject"}])
    texts = [{"text": f"garlic in food_data {i}"} for i in range(400)]
    write_jsonl(folder / "reddit_r_cooking_sample.jsonl", texts)
    return folder


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


def test_real_data():
    if not all((REAL / name).exists() for name in ("food_data.jsonl", "fashion_brands_eval.jsonl")):
        pytest.skip("the extra assets are absent: spacy project assets --extra")
    found = load_datasets(REAL)
    sizes = {name: (len(data.test), len(data.annotated)) for name, data in found.items()}
    assert sizes == {"fashion": (500, 1235), "food": (300, 649)}


@pytest.fixture(scope="module")
def benchmarked(tmp_path_factory):
    """A benchmark run of few steps, on data where each second text has an ingredient."""
    folder = tmp_path_factory.mktemp("benchmark")
    assets = folder / "extra"
    assets.mkdir()
    words = ["garlic", "basil", "ginger", "cumin", "thyme", "parsley"]
    texts = [
        f"I cook with {words[i % 6]} on day {i}" if i % 2 else f"I sleep on day {i}"
        for i in range(1200)
    ]
    records = [
        {
            "text": text,
            "spans": [
                {"start": 12, "end": 12 + len(word), "label": "INGRED"}
                for word in words
                if word in text
            ],
        }
        for text in texts
    ]
    write_jsonl(assets / "food_data.jsonl", records[:700])
    write_jsonl(assets / "reddit_r_cooking_sample.jsonl", [{"text": text} for text in texts])
    patterns = [{"label": "INGRED", "pattern": [{"lower": "basil"}]}]
    write_jsonl(assets / "food_patterns.jsonl", patterns)
    args = [
        ROOT / "scripts" / "benchmark.py",
        assets,
        ROOT / "configs" / "ner.cfg",
        ROOT / "configs" / "pipeline.cfg",
        ROOT / "scripts" / "benchmark.html",
        folder / "benchmark.json",
        folder / "benchmark.html",
        "--max-steps",
        "1",
    ]
    result = run(*args, cwd=folder)
    return folder, result.stdout


@pytest.mark.slow
def test_answers_make_the_rules_better(benchmarked):
    folder, _ = benchmarked
    result = srsly.read_json(folder / "benchmark.json")["datasets"]["food"]
    curve = result["curve"]
    assert [row["answers"] for row in curve][0] == 0
    # Of the words only basil is in a rule to begin with
    assert curve[0]["rules"]["ents_r"] < 0.5
    assert curve[-1]["rules"]["ents_r"] > 0.9 and curve[-1]["accepted"] >= 2
    for row in curve:
        for stage in ("rules", "model", "pipeline"):
            assert row[stage]["words_per_second"] > 0
            assert row[stage]["ents_f_ci"]
    assert result["supervised"]["of_supervised"] in (1, None)
    assert result["annotated"]["ents_f_ci"] and result["annotated"]["words_per_second"] > 0
    assert result["texts"] == 300


@pytest.mark.slow
def test_results_are_shown(benchmarked):
    folder, printed = benchmarked
    assert all(system in printed for system in SYSTEMS)
    tables = printed[printed.index("Without an answer") :].split("Page:")[0]
    assert max(map(len, tables.splitlines())) <= 80
    page = (folder / "benchmark.html").read_text(encoding="utf8")
    assert "What answers are worth" in page and 'aria-label="F1 in per cent after 0' in page
    assert '<h2 id="food">Food</h2>' in page and "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_configs_are_compared(assets, tmp_path, monkeypatch, capsys):
    (assets / "food_data.jsonl").unlink()
    monkeypatch.setattr(config_benchmark, "SEEDS", (0,))
    small = config_benchmark.init_config

    def quick(**kwargs):
        config = small(**kwargs)
        config["training"]["max_steps"] = 1
        return config

    monkeypatch.setattr(config_benchmark, "init_config", quick)
    output = tmp_path / "config.json"
    config_benchmark.benchmark_config_cli(assets, ROOT / "configs" / "ner.cfg", output, 1, -1)
    runs = srsly.read_json(output)["runs"]
    assert [run["config"] for run in runs] == ["default", "project"]
    assert all(run["seconds"] > 0 and run["words_per_second"] > 0 for run in runs)
    table = capsys.readouterr().out
    assert "Of default" in table and "fashion" in table

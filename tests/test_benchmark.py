"""The benchmark's protocol, on little data with the names of the real files."""

import random

import pytest
import srsly
from little import ROOT, write_jsonl

import benchmark
from common import InputError

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
    food = benchmark.load_datasets(assets)["food"]
    records = [r["text"] for r in srsly.read_jsonl(assets / "food_data.jsonl") if "answer" not in r]
    random.Random(0).shuffle(records)
    assert [doc.text for doc in food.test] == records[:300]
    assert len(food.annotated) == 30


def test_test_texts_are_not_trained_on(assets, tmp_path):
    food = benchmark.load_datasets(assets)["food"]
    benchmark._label(food, tmp_path, tmp_path / "corpus", tmp_path / "rules")
    texts = {record["text"] for record in srsly.read_jsonl(tmp_path / "texts.jsonl")}
    assert len(texts) == 100 and not texts & {doc.text for doc in food.test}


def test_missing_data(assets, tmp_path, capsys):
    (assets / "food_data.jsonl").unlink()
    assert list(benchmark.load_datasets(assets)) == ["fashion"]
    assert "Left out food" in capsys.readouterr().out
    with pytest.raises(InputError, match="No data set"):
        benchmark.load_datasets(tmp_path / "none")


def test_real_data():
    if not all((REAL / name).exists() for name in ("food_data.jsonl", "fashion_brands_eval.jsonl")):
        pytest.skip("the extra assets are absent: spacy project assets --extra")
    found = benchmark.load_datasets(REAL)
    sizes = {name: (len(data.test), len(data.annotated)) for name, data in found.items()}
    assert sizes == {"fashion": (500, 1235), "food": (300, 649)}


@pytest.mark.slow
def test_whole_benchmark(assets, tmp_path, capsys):
    configs = ROOT / "configs"
    output = tmp_path / "benchmark.json"
    (assets / "food_data.jsonl").unlink()
    benchmark.benchmark_cli(
        assets,
        configs / "ner.cfg",
        configs / "pipeline.cfg",
        output,
        seed=0,
        max_steps=1,
        gpu_id=-1,
    )
    result = srsly.read_json(output)["datasets"]["fashion"]
    assert result["rules"]["ents_f"] == 1
    for system in benchmark.SYSTEMS:
        assert result[system]["words_per_second"] > 0
    table = capsys.readouterr().out
    assert all(system in table for system in benchmark.SYSTEMS)

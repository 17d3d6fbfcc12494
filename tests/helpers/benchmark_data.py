"""Little data under the names of the extra assets, for the tests of the benchmarks."""

from pathlib import Path

from helpers.running import write_jsonl

WORDS = ["garlic", "basil", "ginger", "cumin", "thyme", "parsley"]


def make_assets(folder: Path) -> Path:
    """Write both data sets, small; RETURNS the folder."""
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


def make_cooking(folder: Path) -> Path:
    """Write one data set where each second text has an ingredient; RETURNS the folder."""
    folder.mkdir()
    texts = [
        f"I cook with {WORDS[i % 6]} on day {i}" if i % 2 else f"I sleep on day {i}"
        for i in range(1200)
    ]
    records = [
        {
            "text": text,
            "spans": [
                {"start": 12, "end": 12 + len(word), "label": "INGRED"}
                for word in WORDS
                if word in text
            ],
        }
        for text in texts
    ]
    write_jsonl(folder / "food_data.jsonl", records[:700])
    write_jsonl(folder / "reddit_r_cooking_sample.jsonl", [{"text": text} for text in texts])
    patterns = [{"label": "INGRED", "pattern": [{"lower": "basil"}]}]
    write_jsonl(folder / "food_patterns.jsonl", patterns)
    return folder

"""benchmark: each kind of measurement, on little data with the names of the real files."""

import pytest
import srsly
from helpers.benchmark_data import make_assets, make_cooking
from helpers.running import ROOT, door, invoke, run

from benchmark import benchmark_cli
from benchmarking import choosing, config, convert_speed, minutes, suggest_speed
from benchmarking.page import SYSTEMS
from benchmarking.person import Work


def arguments(assets, output):
    """RETURNS (list): What to call the door with, behind the kind."""
    configs = (
        "--config",
        ROOT / "configs" / "ner.cfg",
        "--pipeline",
        ROOT / "configs" / "pipeline.cfg",
    )
    return [assets, output, *configs, "--max-steps", 1]


@pytest.fixture(scope="module")
def benchmarked(tmp_path_factory):
    """A benchmark run of few steps, on data where each second text has an ingredient."""
    folder = tmp_path_factory.mktemp("benchmark")
    assets = make_cooking(folder / "extra")
    result = run(*door("benchmark", "answers", *arguments(assets, folder)), cwd=folder)
    return folder, result.stdout


@pytest.mark.slow
def test_answers_make_the_rules_better(benchmarked):
    folder, _ = benchmarked
    result = srsly.read_json(folder / "answers.json")["datasets"]["food"]
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
    page = (folder / "answers.html").read_text(encoding="utf8")
    assert "What answers are worth" in page and 'aria-label="F1 in per cent after 0' in page
    assert '<h2 id="food">Food</h2>' in page and "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_minutes(tmp_path, monkeypatch):
    """After the same minutes, each way has done as much as these allow."""
    assets = make_cooking(tmp_path / "extra")
    monkeypatch.setattr(minutes, "MINUTES", (0, 5))
    args = [*arguments(assets, tmp_path), "--seconds-per-text", 10]
    result = invoke(benchmark_cli, "minutes", *args)
    assert result.exit_code == 0, result.output
    food = srsly.read_json(tmp_path / "minutes.json")["datasets"]["food"]
    done = {
        way: [(row["minutes"], row["answers"], row["texts"]) for row in rows]
        for way, rows in food["ways"].items()
    }
    assert done["texts only"] == [(0, 0, 0), (5, 0, 30)]
    for minute, answers, texts in done["answers only"] + done["as advised"]:
        assert 3 * answers + 10 * texts <= 60 * minute
    # Nothing is left to ask after a few of so few words; then the advice is to mark texts
    assert done["as advised"][1][2] > 0 == done["answers only"][1][2]
    assert food["ways"]["as advised"][1]["ents_f"] > food["ways"]["as advised"][0]["ents_f"]
    assert food["supervised"]["texts"] == 400
    tables = result.output[result.output.index("Minutes") :].split("Page:")[0]
    assert max(map(len, tables.splitlines())) <= 80
    page = (tmp_path / "minutes.html").read_text(encoding="utf8")
    assert "What minutes are worth" in page and 'aria-label="F1 in per cent after 0' in page


@pytest.mark.slow
def test_texts(tmp_path, monkeypatch):
    """Each choice says of each text how much it is worth, and the best ones are learned from."""
    assets = make_cooking(tmp_path / "extra")
    for path in assets.iterdir():
        text = path.read_text("utf8").replace("cumin", "Cumin").replace("parsley", "Parsley")
        path.write_text(text, encoding="utf8")
    worth = {}
    best_term = []

    def all_of_them(before, docs):
        worth.update({name: of(before, docs) for name, of in choices.items()})
        terms = {term.lower(): probable for term, probable in before.terms.items()}
        best_term.extend(max(terms.get(token.lower_, 0) for token in doc) for doc in docs)
        return [float("Cumin" in doc.text) for doc in docs]

    choices = choosing.CHOICES
    monkeypatch.setattr(choosing, "CHOICES", {"those with cumin": all_of_them})
    monkeypatch.setattr(choosing, "WORK", Work(answers=1, texts=30))
    result = invoke(benchmark_cli, "texts", *arguments(assets, tmp_path))
    assert result.exit_code == 0, result.output
    rows = srsly.read_json(tmp_path / "texts.json")["datasets"]["food"]
    assert [(row["choice"], row["answers"], row["texts"]) for row in rows] == [
        ("no texts", 1, 0),
        ("those with cumin", 1, 30),
    ]
    assert {len(values) for values in worth.values()} == {400}
    chance, differ, at_a_match, unsure, varied, terms = worth.values()
    assert len(set(chance)) == 1 and set(differ) | set(at_a_match) <= {0, 1}
    assert all(one <= other for one, other in zip(at_a_match, differ))
    assert min(unsure) >= 0 and len(set(unsure)) > 2
    # The first of each kind, then the second of each
    assert 1 < varied.count(-1) == varied.count(-2) < 30
    # Half of the texts have an ingredient, and nobody answered most of them
    assert min(terms) >= 0 and sum(value > 0 for value in terms) > 100
    assert all(value >= best for value, best in zip(terms, best_term))
    table = result.output[result.output.index("Texts to mark") :]
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.slow
def test_configs_are_compared(tmp_path, monkeypatch):
    assets = make_assets(tmp_path / "extra")
    (assets / "food_data.jsonl").unlink()
    monkeypatch.setattr(config, "SEEDS", (0,))
    small = config.init_config

    def quick(**kwargs):
        settings = small(**kwargs)
        settings["training"]["max_steps"] = 1
        return settings

    monkeypatch.setattr(config, "init_config", quick)
    result = invoke(benchmark_cli, "config", *arguments(assets, tmp_path))
    assert result.exit_code == 0, result.output
    runs = srsly.read_json(tmp_path / "config.json")["runs"]
    assert [run["config"] for run in runs] == ["default", "project"]
    assert all(run["seconds"] > 0 and run["words_per_second"] > 0 for run in runs)
    assert "Of default" in result.output and "fashion" in result.output


@pytest.mark.parametrize(
    "kind, module, results",
    [
        ("convert", convert_speed, {"scale": [], "speed": []}),
        ("suggest", suggest_speed, {"runs": []}),
    ],
)
def test_speed_is_measured_on_the_cooking_texts(kind, module, results, tmp_path, monkeypatch):
    files = []
    monkeypatch.setattr(module, f"benchmark_{kind}", lambda *f: files.extend(f) or results)
    result = invoke(benchmark_cli, kind, *arguments(tmp_path / "extra", tmp_path / "out"))
    assert result.exit_code == 0 and srsly.read_json(tmp_path / "out" / f"{kind}.json") == results
    names = [path.name for path in files]
    assert names == ["reddit_r_cooking_sample.jsonl", "food_patterns.jsonl"]


def test_what_is_not_measured(tmp_path):
    result = invoke(benchmark_cli, "everything", *arguments(tmp_path, tmp_path / "out"))
    assert result.exit_code == 1 and not (tmp_path / "out").exists()
    assert "Set it to answers or minutes or texts or config or convert or suggest" in result.flat

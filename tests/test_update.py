"""update: it teaches new labels, leaves the rest as it was, and is refused if it forgets."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
import srsly
from helpers import update_data
from helpers.running import ROOT, copy, door, invoke, readme_commands, run, variables, write_jsonl
from helpers.update_data import STEPS, converted, found

import update
from labelling.corpus import convert
from shared.errors import InputError
from shared.training import Training
from updating.base import combine
from updating.forgetting import Group, compare, predict_both

CONFIGS = (
    "--config",
    ROOT / "configs" / "update.cfg",
    "--second-config",
    ROOT / "configs" / "ner.cfg",
)


def run_update(base, data, output: Path, *options, check=True):
    """Run the script; RETURNS its result, and the metrics if there are any."""
    work = output.parent / "work"
    arguments = (base, data.corpus, data.rules, data.rehearsal, work, output, *CONFIGS)
    command = door("update", *arguments, "--max-steps", STEPS, *options)
    result = run(*command, cwd=output.parent, check=check)
    metrics = work / "metrics.json"
    return result, srsly.read_json(metrics) if metrics.exists() else None


OLD_PIPES = ["tok2vec", "tagger", "parser", "ner"]
# What the pipeline has then, by mode
PIPES = {
    "replace": ["tok2vec", "tagger", "parser", "ner_2", "span_ruler", "ner"],
    "mix": OLD_PIPES,
}


@pytest.fixture(scope="module")
def updates(base, fruits, tmp_path_factory) -> dict:
    """RETURNS (dict): An update in the default mode, replace, and in mix. For second see below."""
    made = {}
    for mode in PIPES:
        output = tmp_path_factory.mktemp(mode) / "updated"
        options = () if mode == "replace" else ("--mode", mode)
        result, metrics = run_update(base, fruits, output, *options)
        made[mode] = SimpleNamespace(output=output, metrics=metrics, stdout=result.stdout)
    return made


@pytest.fixture(params=list(PIPES))
def each(request, updates) -> SimpleNamespace:
    return updates[request.param]


@pytest.fixture
def mix(updates) -> SimpleNamespace:
    return updates["mix"]


@pytest.mark.slow
def test_new_label_is_learned_and_the_old_one_kept(base, each):
    assert found(base, "we sold one pixel here") == [("pixel", "GADGET")]
    assert found(each.output, "we sold one pixel here") == [("pixel", "GADGET")]
    assert found(each.output, "she ate a mango at noon") == [("mango", "FRUIT")]
    old, new = each.metrics["groups"]
    assert (old["kind"], old["measures"], old["labels"]) == ("old", "base", ["GADGET"])
    assert old["entities"] and old["after"]["ents_f"] >= old["before"]["ents_f"] - 0.02
    assert (new["kind"], new["measures"], new["labels"]) == ("new", "rules", ["FRUIT"])
    assert new["before"]["ents_f"] == 0 and new["after"]["ents_f"] > 0.9
    assert each.metrics["refused"] is None
    assert "what the base finds, so this is agreement, not accuracy" in each.stdout
    report = (each.output.parent / "work" / "report.html").read_text("utf8")
    assert "The update was kept" in report


@pytest.mark.slow
def test_other_components_stay_the_same(base, each):
    before, after = spacy.load(base), spacy.load(each.output)
    assert before.pipe_names == OLD_PIPES
    mode = each.metrics["mode"]
    assert after.pipe_names == PIPES[mode]
    kept = OLD_PIPES[:-1] if mode == "mix" else OLD_PIPES
    for name in kept:
        old, new = before.get_pipe(name).model, after.get_pipe(name).model
        assert old.to_bytes() == new.to_bytes()
    assert after.get_pipe("tok2vec").listening_components == kept[1:]
    text = "my pixel is on the desk with a papaya"
    one, other = before(text), after(text)
    assert [(t.text, t.tag_, t.dep_, t.head.i) for t in one] == [
        (t.text, t.tag_, t.dep_, t.head.i) for t in other
    ]
    # Tokenizer and vectors are those of the base
    assert "de" in [token.text for token in other]
    assert after.vocab.vectors.shape == before.vocab.vectors.shape
    assert (after.vocab["mango"].vector == before.vocab["mango"].vector).all()


@pytest.mark.slow
def test_recognizer_of_a_mix_still_reads_the_vectors(mix):
    own = [node.name for node in spacy.load(mix.output).get_pipe("ner").model.walk()]
    assert "static_vectors" in own and "tok2vec-listener" not in own


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["replace", "mix"])
def test_same_bytes_whatever_the_hashes(base, fruits, updates, mode, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    run_update(base, fruits, tmp_path / "updated", "--mode", mode)
    made = updates[mode].output
    for path in sorted(p for p in made.rglob("*") if p.is_file()):
        other = tmp_path / "updated" / path.relative_to(made)
        assert path.read_bytes() == other.read_bytes(), path


@pytest.mark.slow
def test_tok2vec_that_nothing_listens_to_is_left_out(base, fruits, mix, tmp_path):
    nlp = spacy.load(base, exclude=["tagger", "parser"])
    nlp.to_disk(tmp_path / "base")
    nlp = spacy.load(tmp_path / "base")
    combine(nlp, spacy.load(mix.output), spacy.load(fruits.rules), "mix")
    assert nlp.pipe_names == ["ner"]
    nlp.to_disk(tmp_path / "combined")
    assert found(tmp_path / "combined", "she ate a mango at noon") == [("mango", "FRUIT")]


# --- Labels that conflict


CONFLICT = [{"label": "FRUIT", "pattern": word} for word in [*update_data.FRUITS, "pixel"]]


@pytest.fixture(scope="module")
def conflict(tmp_path_factory) -> SimpleNamespace:
    """Rules that call a gadget a fruit, and people's annotations that know better."""
    gold = [
        {
            "text": text,
            "spans": [{"start": text.index(w), "end": text.index(w) + len(w), "label": k}],
        }
        for k, words, frames in (
            ("GADGET", ["pixel", "kindle"], update_data.FRAMES),
            ("FRUIT", ["mango", "cherry"], update_data.NEW_FRAMES),
        )
        for w in words
        for text in update_data.old_texts([w], frames, 5)
    ]
    folder = tmp_path_factory.mktemp("conflict")
    texts = update_data.old_texts([*update_data.FRUITS, "pixel"], update_data.NEW_FRAMES, 12)
    data = converted(folder, patterns=CONFLICT, gold=gold)
    srsly.write_jsonl(data.texts, [{"text": text} for text in texts])
    convert(data.texts, data.patterns, data.gold, data.suggestions, data.corpus, data.rules)
    return data


@pytest.mark.slow
def test_refused_if_old_labels_lose(base, conflict, tmp_path):
    output = tmp_path / "updated"
    shutil.copytree(base, output)
    result, metrics = run_update(base, conflict, output, check=False)
    assert result.returncode == 1
    text = " ".join(result.stdout.split())
    assert "The old labels lost" in text and "at most 2.0 are allowed" in text
    assert metrics["groups"][0]["measures"] == "accuracy"
    # What was there is still there, and the update can be looked at
    assert found(output, "i lost a pixel again") == [("pixel", "GADGET")]
    refused = found(tmp_path / "work" / "pipeline", "i lost a pixel again")
    assert ("pixel", "FRUIT") in refused
    report = (tmp_path / "work" / "report.html").read_text("utf8")
    assert "The update was refused" in report
    # Side by side what the base and what the update finds
    text = " ".join(re.sub(r"<[^>]+>", " ", report).split())
    assert "Base my pixel ✓ GADGET is on the desk 0 Update my pixel is on the desk 0" in text


@pytest.mark.slow
def test_second_gives_way_and_replace_does_not(base, conflict, tmp_path):
    text = "i lost a pixel again"  # a gadget to the base, a fruit to the rules
    output = tmp_path / "updated"
    _, metrics = run_update(base, conflict, output, "--mode", "second")
    assert spacy.load(output).pipe_names == [*OLD_PIPES, "ner_2", "span_ruler"]
    assert found(output, text) == [("pixel", "GADGET")]
    assert found(output, "she ate a mango at noon") == [("mango", "FRUIT")]
    assert metrics["groups"][0]["difference"]["ents_f"] == 0
    # The update that was refused
    nlp, model = spacy.load(base), spacy.load(tmp_path / "work" / "model-best")
    combine(nlp, model, spacy.load(conflict.rules), "replace")
    nlp.to_disk(tmp_path / "replaced")
    assert found(tmp_path / "replaced", text) == [("pixel", "FRUIT")]


@pytest.mark.slow
def test_longer_match_of_a_rule_gives_way_to_the_base_in_second_alone(base, fruits, tmp_path):
    """The rules find what the trained recognizer misses, by the same precedence as it has."""
    rules = spacy.load(fruits.rules)
    rules.get_pipe("span_ruler").add_patterns([{"label": "FRUIT", "pattern": "pixel again"}])
    blind = spacy.blank("en")
    blind.add_pipe("ner").add_label("FRUIT")
    blind.initialize()
    for mode, right in (("second", [("pixel", "GADGET")]), ("replace", [("pixel again", "FRUIT")])):
        nlp = spacy.load(base)
        combine(nlp, blind, rules, mode)
        nlp.remove_pipe("ner_2")  # of random weights
        nlp.to_disk(tmp_path / mode)
        assert found(tmp_path / mode, "i lost a pixel again") == right


@pytest.mark.slow
def test_real_pipeline_keeps_all_it_knows(tmp_path):
    """spaCy's own pipeline learns gadgets: as well as `all` does, and nothing else of it changes."""
    base = ROOT / "assets" / "extra" / "en_core_web_md"
    if not base.exists():
        pytest.skip("en_core_web_md is absent: the command download, see configs/README.md")
    assets = ROOT / "assets"
    texts = [record["text"] for record in srsly.read_jsonl(assets / "texts.jsonl")][:1000]
    raw = write_jsonl(tmp_path / "raw.jsonl", [{"text": text} for text in texts[:500]])
    gold = write_jsonl(tmp_path / "gold.jsonl", list(srsly.read_jsonl(assets / "gold.jsonl"))[:200])
    corpus, rules, empty = tmp_path / "corpus", tmp_path / "rules", tmp_path / "empty"
    empty.touch()
    convert(raw, assets / "patterns.jsonl", gold, empty, corpus, rules)
    metrics = update.update(
        *(str(base), corpus, rules, raw, tmp_path / "work"),
        mode="replace",
        training=Training(ROOT / "configs" / "ner.cfg", 0, 2 * STEPS),
        max_forgetting=0.01,
    )
    assert metrics["refused"] is None
    old, new = metrics["groups"]
    assert old["entities"] > 100 and old["replaced"] > 5
    # `all` assembles the same recognizer and the same rules
    pipeline = tmp_path / "pipeline"
    sources = ("--paths.model", tmp_path / "work" / "model-best", "--paths.rules", rules)
    run("-m", "spacy", "assemble", ROOT / "configs" / "pipeline.cfg", pipeline, *sources, cwd=ROOT)
    group = Group("new", "accuracy", {"GADGET"}, corpus / "test.spacy")
    [result] = compare([group], predict_both(base, pipeline, [group]), 0)
    assert new["after"] == result["after"] and new["after"]["ents_f"] > 0.5
    before, after = (spacy.load(path) for path in (base, tmp_path / "work" / "pipeline"))
    for one, other in zip(before.pipe(texts), after.pipe(texts)):
        assert _all_but_entities(one) == _all_but_entities(other)


def _all_but_entities(doc):
    return [(t.text, t.tag_, t.pos_, t.lemma_, t.dep_, t.head.i, str(t.morph)) for t in doc]


# --- As a command


@pytest.mark.slow
def test_readme_commands(finished, tmp_path):
    """The pipeline of the shipped project learns a second label, from data of the test."""
    project = copy(finished, tmp_path)
    line = readme_commands("Update a pipeline you have", "-m spacy project run update-all")[0]
    names = variables(line)
    (project / "assets" / "extra").mkdir(exist_ok=True)
    files = update_data.inputs(tmp_path / "data")
    for name in ("texts", "patterns", "gold"):
        shutil.copy(files[name], project / names[name])
    run(*line, "--vars.max_steps", 2 * STEPS, "--vars.max_forgetting", 1, cwd=project)
    base, updated = project / names["base_pipeline"], project / "training" / "updated"
    assert found(updated, "she ate a mango at noon") == [("mango", "FRUIT")]
    before, after = spacy.load(base), spacy.load(updated)
    pipes = before.pipe_names
    place = pipes.index("ner")
    assert after.pipe_names == [*pipes[:place], "ner_2", "span_ruler_2", *pipes[place:]]
    assert after.get_pipe("span_ruler").patterns == before.get_pipe("span_ruler").patterns
    metrics = srsly.read_json(project / "training" / "update" / "metrics.json")
    old = metrics["groups"][0]
    # The base, of few steps, finds few entities in the texts held out: one of them is 14 points
    assert old["labels"] == ["GADGET"] and old["difference"]["ents_f"] > -0.2
    run(*readme_commands("Update a pipeline you have", "-B scripts/package.py")[0], cwd=project)
    folder = project / "packages" / "en_my_update-0.2.0"
    assert len(list((folder / "dist").iterdir())) == 2
    performance = srsly.read_json(folder / "meta.json")["performance"]
    assert performance["ents_f"] == metrics["pipeline"]["ents_f"]
    write_jsonl(project / names["gold"], [{"text": "Peel a mango", "spans": []}])
    result = run(
        *readme_commands("Update a pipeline you have", "-m spacy project run import")[0],
        cwd=project,
    )
    assert "Added 1 record(s) to assets/gold.jsonl" in result.stdout


# --- What can't be done


@pytest.mark.parametrize(
    "options, words",
    [
        (["--mode", "third"], "Set it to replace or second or mix"),
        (["--max-forgetting", "2"], "0.02 is two points of F1"),
    ],
)
def test_bad_options(options, words, tmp_path):
    paths = [tmp_path / name for name in ("base", "corpus", "rules", "texts", "work", "updated")]
    result = invoke(update.update_cli, *paths, *CONFIGS, "--max-steps", STEPS, *options)
    assert result.exit_code == 1 and words in result.flat
    assert list(tmp_path.iterdir()) == []


def bases(tmp_path):
    no_ner = spacy.blank("en")
    no_ner.to_disk(tmp_path / "no_ner")
    german = spacy.blank("de")
    german.to_disk(tmp_path / "german")
    (tmp_path / "work").mkdir()
    no_ner.to_disk(tmp_path / "work" / "pipeline")
    return {
        "no_such_package": "Can't load the base pipeline",
        tmp_path / "no_ner": "has 0 entity recognizers",
        tmp_path / "german": "for the language 'de'",
        tmp_path / "work" / "pipeline": "which every update empties",
    }


def test_bad_bases(fruits, tmp_path):
    training = Training(ROOT / "configs" / "update.cfg", 0, 1)
    for name, words in bases(tmp_path).items():
        with pytest.raises(InputError, match=words):
            update.update(
                *(str(name), fruits.corpus, fruits.rules, fruits.rehearsal, tmp_path / "work"),
                mode="mix",
                training=training,
                max_forgetting=0.02,
            )
    assert (tmp_path / "work" / "pipeline").exists()

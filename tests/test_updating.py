"""Updating: how annotations are mixed and recognizers combined, and what is measured."""

from collections import Counter

import pytest
import spacy
import srsly
from helpers import update_data
from helpers.little import build_rules, docs
from helpers.running import LANG
from spacy.tokens import DocBin, Span
from spacy.training import Example

from updating.base import combine
from updating.forgetting import Group, compare, predict_both, why_refused
from updating.rehearsal import mixed, write_mixed

# --- Mixing


def test_marked_entities_win_and_others_stay():
    text = "the apple watch beats a pixel"
    (base,) = docs([(text, [(4, 15, "GADGET"), (24, 29, "GADGET")])])
    (marked,) = docs([(text, [(4, 9, "FRUIT")])])
    doc, lost = mixed(base, marked)
    assert [(e.text, e.label_) for e in doc.ents] == [("apple", "FRUIT"), ("pixel", "GADGET")]
    assert not lost
    doc, _ = mixed(base, marked, complete={"GADGET"})
    assert [e.label_ for e in doc.ents] == ["FRUIT"]
    assert [e.label_ for e in base.ents] == ["GADGET", "GADGET"]


def test_text_that_is_marked_in_part_stays_so():
    nlp = spacy.blank(LANG)
    base, marked = (nlp("my pixel, a mango and more") for _ in range(2))
    base.ents = [Span(base, 1, 2, "GADGET")]
    marked.set_ents([Span(marked, 4, 5, "FRUIT")], default="missing")
    doc, _ = mixed(base, marked)
    assert [token.ent_iob_ for token in doc] == ["", "B", "", "", "B", "", ""]


def test_annotations_within_words_of_the_base_are_counted():
    nlp = spacy.blank(LANG)
    nlp.tokenizer = lambda text: spacy.tokens.Doc(nlp.vocab, words=text.split(" "))
    (marked,) = docs([("peel it, mango", [(5, 7, "FRUIT"), (9, 14, "FRUIT")])])
    doc, lost = mixed(nlp("peel it, mango"), marked)
    assert [ent.text for ent in doc.ents] == ["mango"] and lost == 1


def test_old_and_new_texts_get_both_kinds_of_labels(fruits, tmp_path):
    patterns = [{"label": "GADGET", "pattern": word} for word in update_data.GADGETS]
    files = update_data.inputs(tmp_path, patterns=patterns)
    base = build_rules("en", files["patterns"], files["suggestions"])
    both = ["the pixel fell on a mango", "a cherry for each kindle", "no such thing"]
    rehearsal = tmp_path / "both.jsonl"
    known = srsly.read_jsonl(fruits.texts)
    srsly.write_jsonl(
        rehearsal,
        [*({"text": f"{t} {i}"} for t in both for i in range(30)), *known],
    )
    output = tmp_path / "mixed"
    rules = spacy.load(fruits.rules)
    counts = write_mixed(base, fruits.corpus, rules, rehearsal, (), output, train=True)
    # Texts that the corpus has, held-out ones included, do not come again
    n_new = len(update_data.old_texts(update_data.FRUITS, update_data.NEW_FRAMES, 12))
    assert (counts["new"], counts["rehearsal"], counts["lost"]) == (n_new, 90, 0)
    sides = {
        side: [doc for path in paths for doc in DocBin().from_disk(path).get_docs(base.vocab)]
        for side, paths in {
            "train": sorted((output / "train").iterdir()),
            "dev": [output / "dev.spacy"],
            "test": [output / "test.spacy"],
        }.items()
    }
    # In train the smaller half comes several times, so that neither is drowned
    in_train = Counter(doc.text for doc in sides["train"])
    assert set(in_train.values()) == {1, 3} == {counts["new_copies"], counts["rehearsal_copies"]}
    once = [*in_train, *(doc.text for side in ("dev", "test") for doc in sides[side])]
    assert len(set(once)) == len(once) == n_new + 90
    of_rehearsal = sum(len(doc) for doc in sides["train"] if in_train[doc.text] == 3)
    assert 0.4 < of_rehearsal / sum(map(len, sides["train"])) < 0.6
    for side in sides.values():
        marked = [d for d in side if d.text.startswith(("the pixel", "a cherry"))]
        assert marked and {tuple(sorted(ent.label_ for ent in doc.ents)) for doc in marked} == {
            ("FRUIT", "GADGET")
        }


def test_without_training_texts_test_is_the_same(fruits, tmp_path):
    """Whatever is told of the annotations is told of all of them, too."""
    base, rules = build_rules("en", fruits.patterns, fruits.suggestions), spacy.load(fruits.rules)
    base.tokenizer = lambda text: spacy.tokens.Doc(base.vocab, words=[text])
    counts = {
        train: write_mixed(
            *(base, fruits.corpus, rules, fruits.rehearsal, (), tmp_path / str(train)), train=train
        )
        for train in (True, False)
    }
    assert [path.name for path in (tmp_path / "False").iterdir()] == ["test.spacy"]
    tests = [(tmp_path / str(train) / "test.spacy").read_bytes() for train in counts]
    assert tests[0] == tests[1]
    n_new = len(update_data.old_texts(update_data.FRUITS, update_data.NEW_FRAMES, 12))
    assert counts[True]["lost"] == counts[False]["lost"] == n_new


# --- Combining and measuring


def test_what_a_new_label_replaces_is_not_forgotten(tmp_path):
    """The base took a gadget for a PRODUCT; the update knows better, and forgets another one."""
    spans = {
        "before": [(0, 5, "PRODUCT"), (10, 15, "PRODUCT"), (20, 25, "PRODUCT")],
        "after": [(0, 5, "GADGET"), (10, 15, "PRODUCT")],
    }
    test = tmp_path / "test.spacy"
    text = "Pixel and Tesla and Lumia"
    right = docs([(text, spans["before"])])
    predictions = {
        test: tuple(
            [Example(doc, right[0]) for doc in docs([(text, spans[side])])] for side in spans
        )
    }
    groups = [Group("old", "base", {"PRODUCT"}, test, {"GADGET"})]
    [result] = compare(groups, predictions, 0)
    assert result["replaced"] == 1 and result["entities"] == 2
    assert (result["before"]["ents_r"], result["after"]["ents_r"]) == (1, 0.5)
    [result] = compare([groups[0]._replace(instead=set())], predictions, 0)
    assert result["replaced"] == 0 and result["entities"] == 3


@pytest.mark.slow
def test_without_mixing_it_forgets(base, fruits, tmp_path):
    """What the mixing is for; so the other tests can fail."""
    nlp, rules = spacy.load(base), spacy.load(fruits.rules)
    write_mixed(nlp, fruits.corpus, rules, fruits.rehearsal, (), tmp_path / "mixed", train=False)
    update_data.train_further(nlp, fruits.corpus, tmp_path, ["FRUIT"], update_data.STEPS)
    combine(nlp, spacy.load(tmp_path / "model-best"), rules, "mix")
    nlp.to_disk(tmp_path / "pipeline")
    groups = [Group("old", "base", {"GADGET"}, tmp_path / "mixed" / "test.spacy")]
    results = compare(groups, predict_both(base, tmp_path / "pipeline", groups), 0)
    assert results[0]["difference"]["ents_f"] < -0.1
    assert "points of F1" in why_refused(results, 0.02)

"""The candidates: what is counted, and when it is counted again."""

import numpy as np
import pytest
from helpers.running import write_jsonl
from helpers.suggest_data import make_files, make_suggester, sentences
from hypothesis import given, settings
from hypothesis import strategies as st

from reading.patterns import blank
from suggesting.candidates import find_candidates, load_candidates

NLP = blank("en")


@pytest.fixture
def files(tmp_path):
    return make_files(tmp_path)


def test_texts_of_gold_are_left_out(files):
    write_jsonl(files["gold"], [{"text": text, "spans": []} for text in sentences()[:200]])
    found = load_candidates(files["candidates"], NLP, files["texts"], files["gold"])
    assert found.counts[found.terms.index("fresh")] == 100


def test_candidates_come_from_the_cache_until_the_texts_change(files, monkeypatch):
    first = make_suggester(files).candidates
    monkeypatch.setattr(
        "suggesting.candidates.find_candidates", lambda *_: pytest.fail("not from cache")
    )
    second = make_suggester(files).candidates
    assert second.terms == first.terms and second.forms == first.forms
    assert np.array_equal(second.counts, first.counts)
    assert (second.texts != first.texts).nnz == 0 and (second.parts != first.parts).nnz == 0
    monkeypatch.undo()
    write_jsonl(files["texts"], [{"text": "One plum and one plum"}])
    assert make_suggester(files).candidates.terms == ["plum"]
    files["candidates"].write_bytes(files["candidates"].read_bytes()[:100])
    assert make_suggester(files).candidates.terms == ["plum"]


@given(st.lists(st.text(st.sampled_from("aB1 .,'&-é中\n\x00"), max_size=30), max_size=8))
@settings(max_examples=60, deadline=None)
def test_candidates_are_what_a_count_by_hand_finds(texts):
    found = find_candidates(NLP, enumerate(texts))
    docs = [[token.lower_ for token in NLP.make_doc(text)] for text in texts]
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

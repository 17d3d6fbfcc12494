"""Pretrained word vectors: where they are looked for, who reads them, and what is said of them."""

import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import spacy
from helpers.running import ROOT, invoke, write_jsonl
from helpers.vectors import REAL, make_vectors, needs_real
from spacy.tokens import DocBin, Span

from download import download_cli
from reading.gold import offsets
from reading.patterns import blank
from shared.errors import InputError
from shared.second_look import look_twice, train_on_labels
from shared.training import Training, train
from shared.vectors import find_vectors, mean_vectors
from shared.writing import ATTRS
from suggesting.candidates import load_candidates
from suggesting.suggester import Suggester
from train import train_cli
from update import update_cli

FRUITS = ["apple", "pear", "plum", "cherry", "kiwi", "mango", "grape", "fig"]
OTHERS = ["house", "car", "dog", "street", "chair", "stone", "river", "cloud"]


def rows(words, first):
    """Vectors of words of one kind: close to each other, not the same."""
    return {word: [first, 1 - first, 0.01 * i, 0.1 * (i % 2)] for i, word in enumerate(words)}


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    table = {**rows(FRUITS, 1.0), **rows(OTHERS, 0.0)}
    return make_vectors(tmp_path_factory.mktemp("vectors") / "made", table)


# --- Where they are looked for


@pytest.mark.parametrize("name", [None, "", "null", "none"])
def test_none_are_wanted(name):
    assert find_vectors(name, "en") is None


def test_what_is_in_a_folder_is_said(vectors):
    found = find_vectors(str(vectors), "en")
    assert (found.n_vectors, found.width, found.lang) == (16, 4, "en")
    assert str(found) == f"16 vectors of 4 dimensions ({vectors})"


@pytest.mark.parametrize(
    "spoil, lang, said",
    [
        (shutil.rmtree, "en", "No package and no folder"),
        (lambda folder: (folder / "meta.json").unlink(), "en", "Damaged, or something else"),
        (lambda folder: (folder / "meta.json").write_text("{"), "en", "Damaged"),
        (lambda folder: None, "de", "for the language 'en', the project for 'de'"),
        (lambda folder: spacy.blank("en").to_disk(folder), "en", "has no vectors"),
    ],
)
def test_what_is_wrong_with_them_is_said_before_anything_runs(
    vectors, tmp_path, inputs, spoil, lang, said
):
    folder = tmp_path / "copy"
    shutil.copytree(vectors, folder)
    spoil(folder)
    files = [ROOT / "configs/ner.cfg", inputs.corpus, inputs.corpus, tmp_path / "m", tmp_path / "l"]
    options = ["--max-steps", 1, "--vectors", folder, "--lang", lang]
    result = invoke(train_cli, *files, *options)
    assert result.exit_code == 1 and said in result.flat
    assert not (tmp_path / "m").exists()


def test_package_without_network(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1))
    result = invoke(download_cli, "null", "xx_no_such_package")
    assert result.exit_code == 1
    assert "Could not fetch 'xx_no_such_package'" in result.flat and "network" in result.flat


def test_download_leaves_what_is_there(vectors, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("fetches"))
    result = invoke(download_cli, str(vectors), "null")
    assert result.exit_code == 0 and "is there" in result.flat
    result = invoke(download_cli, "no/such/folder")
    assert result.exit_code == 1 and "no such folder" in result.flat


# --- What a term's words say


def test_mean_of_words_that_have_a_vector(vectors):
    means, known = mean_vectors(find_vectors(str(vectors), "en"), ["Apple zzz", "plum", "zzz"])
    assert known.tolist() == [True, True, False]
    assert np.allclose(np.linalg.norm(means, axis=1), [1, 1, 0])
    # In lower case it is known; a word that is not gives no other word's vector
    assert np.allclose(means[0], [1, 0, 0, 0])


def test_ranking_asks_first_for_terms_like_the_accepted_ones(vectors, tmp_path):
    """The texts say the same of all words, so only vectors can tell a fruit from a house."""
    words = [*OTHERS, *FRUITS]  # of equally likely ones the first in the texts comes first
    texts = [{"text": f"we see the {word} here {i}"} for i in range(9) for word in words]
    files = [write_jsonl(tmp_path / "texts.jsonl", texts), write_jsonl(tmp_path / "gold.jsonl", [])]
    patterns = write_jsonl(
        tmp_path / "patterns.jsonl", [{"label": "FRUIT", "pattern": word} for word in FRUITS[:4]]
    )
    nlp = blank("en")
    found = load_candidates(tmp_path / "candidates.npz", nlp, *files)

    def first(source):
        suggester = Suggester(nlp, found, patterns, files[0], 0, source)
        return {r["text"] for r in suggester.propose([], 4)}

    assert first(find_vectors(str(vectors), "en")) == set(FRUITS[4:])
    assert first(None) != set(FRUITS[4:])


# --- Training


def test_config_that_can_read_none_is_refused(vectors, fruits, tmp_path):
    training = Training(
        ROOT / "configs/ner_trf.cfg", 0, 1, vectors=find_vectors(str(vectors), "en")
    )
    with pytest.raises(InputError, match="Nothing in it reads vectors"):
        train(fruits.corpus / "train", fruits.corpus / "dev.spacy", tmp_path / "out", training)


def test_second_recognizer_needs_the_vectors_of_the_base(vectors, base, fruits, tmp_path):
    options = ["--mode", "second", "--config", "x", "--second-config", ROOT / "configs/ner.cfg"]
    lang = spacy.load(base).lang
    made = make_vectors(tmp_path / "made", rows(FRUITS, 1.0), lang)
    paths = (fruits.corpus, fruits.rules, fruits.texts, tmp_path / "work", tmp_path / "out")
    result = invoke(
        update_cli, base, *paths, *options, "--max-steps", 1, "--vectors", made, "--lang", lang
    )
    assert result.exit_code == 1 and "has other vectors" in result.flat
    assert not (tmp_path / "out").exists()


@pytest.fixture
def labelled(tmp_path):
    """A corpus in which the rules found three fruits of four; a person saw no fruit in his text."""
    nlp = spacy.blank("en")
    texts = [f"we see the {word} here" for i in range(30) for word in [*OTHERS[:2], *FRUITS[:3]]]
    docs = [nlp.make_doc(text) for text in [*texts, "we see the kiwi here"]]
    for doc in docs:
        ents = [Span(doc, 3, 4, "FRUIT")] if doc[3].text in FRUITS[:3] else []
        doc.set_ents(ents, default="missing" if ents else "outside")
    corpus = tmp_path / "train"
    corpus.mkdir()
    DocBin(ATTRS, docs=docs).to_disk(corpus / "00000.spacy")
    DocBin(ATTRS, docs=docs[-1:]).to_disk(corpus / "annotated-0.spacy")
    DocBin(ATTRS, docs=docs[:5]).to_disk(tmp_path / "dev.spacy")
    return corpus


def how(vectors, max_steps):
    source = find_vectors(str(vectors), "en") if vectors else None
    return Training(ROOT / "configs/ner.cfg", 0, max_steps, vectors=source)


def docs_of(path):
    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def test_what_the_other_half_finds_is_taught(vectors, labelled, tmp_path, capsys):
    looks = tmp_path / "looks"
    corpus = look_twice(labelled, tmp_path / "dev.spacy", looks, how(vectors, 100))
    assert "Entities that no rule finds, taught as well: 1" in capsys.readouterr().out
    # What convert left open no longer is
    taught, before = (docs_of(folder / "00000.spacy") for folder in (corpus, labelled))
    assert [doc.text for doc in taught] == [doc.text for doc in before]
    assert [offsets(doc) for doc in taught[:-1]] == [offsets(doc) for doc in before[:-1]]
    # Only vectors tell that it is one; the half that has the text says that it is none
    assert [ent.text for ent in taught[-1].ents] == ["kiwi"]
    assert {token.ent_iob_ for doc in taught for token in doc} == {"B", "O"}
    # What people annotated stays
    [doc] = docs_of(corpus / "annotated-0.spacy")
    assert {token.ent_iob_ for token in doc} == {"O"}
    # In a half the rest of a text with a match may be anything
    first, second = (docs_of(looks / f"half-{n}" / "train" / "00000.spacy") for n in (1, 2))
    assert [token.ent_iob_ for token in first[1]] == ["", "", "", "B", ""]
    assert [doc.text for doc in first + second] == [d.text for d in before[::2] + before[1::2]]


def test_only_with_vectors_there_is_a_second_look(vectors, labelled, tmp_path, capsys):
    for source in (None, vectors):
        output = tmp_path / str(source is None)
        train_on_labels(labelled, tmp_path / "dev.spacy", output, how(source, 1))
        assert ("Second look" in capsys.readouterr().out) == (source is not None)
        assert (output / "model-best").is_dir() and not (output / "looks").exists()


def test_without_two_halves_to_learn_from_there_is_no_second_look(vectors, labelled, tmp_path):
    docs = docs_of(labelled / "00000.spacy")[:3]
    assert [len(doc.ents) for doc in docs] == [0, 0, 1]
    DocBin(ATTRS, docs=docs).to_disk(labelled / "00000.spacy")
    found = look_twice(labelled, tmp_path / "dev.spacy", tmp_path / "looks", how(vectors, 1))
    assert found == labelled


def test_a_damaged_shard_is_named(vectors, labelled, tmp_path):
    (labelled / "00000.spacy").write_bytes(b"no corpus")
    with pytest.raises(InputError, match="(?s)00000.spacy.*Damaged, or something else"):
        train_on_labels(labelled, tmp_path / "dev.spacy", tmp_path / "m", how(vectors, 1))


# --- The real ones


@needs_real
def test_real_vectors():
    source = find_vectors(str(REAL), "en")
    assert (source.n_vectors, source.width) == (20_000, 300)
    terms = ["garlic", "onion", "car", "xqzzyv"]
    means, known = mean_vectors(source, terms)
    assert known.tolist() == [True, True, True, False]
    table = spacy.load(REAL, exclude=["tagger", "parser", "ner", "lemmatizer"]).vocab
    assert np.allclose(means[0], table["garlic"].vector / table["garlic"].vector_norm, atol=1e-5)
    assert means[0] @ means[1] > means[0] @ means[2]

"""Pretrained word vectors: where they are looked for, who reads them, and what is said of them."""

import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import spacy
from helpers.running import ROOT, invoke, write_jsonl
from helpers.vectors import REAL, make_vectors, needs_real

from download import download_cli
from reading.patterns import blank
from shared.errors import InputError
from shared.training import Training, train
from shared.vectors import find_vectors, mean_vectors
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

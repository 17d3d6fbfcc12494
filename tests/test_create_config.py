"""create-config: a config to start from, for every language that spaCy has."""

import importlib.util

import pytest
from helpers.running import copy, invoke, readme_commands, run
from spacy import util

from create_config import create_config_cli


@pytest.mark.parametrize(
    "lang", ["en", "de", pytest.param("fr", marks=pytest.mark.slow), "xx", "ar", "he"]
)
def test_config_for_a_language(lang, tmp_path):
    result = invoke(create_config_cli, tmp_path / "new" / "my.cfg", "--lang", lang)
    assert result.exit_code == 0, result.output
    config = util.load_config(tmp_path / "new" / "my.cfg")
    assert config["nlp"]["lang"] == lang
    assert config["nlp"]["pipeline"] == ["tok2vec", "ner"]
    nlp = util.load_model_from_config(config)  # complete, so that nothing has to be filled in
    assert nlp.lang == lang
    assert "training/log.jsonl" in str(config["training"]["logger"])


def test_more_components(tmp_path):
    result = invoke(create_config_cli, tmp_path / "my.cfg", "--pipeline", "ner, sentencizer,tagger")
    config = util.load_config(tmp_path / "my.cfg")
    assert config["nlp"]["pipeline"] == ["tok2vec", "ner", "sentencizer", "tagger"]
    assert "entities only: tagger can't learn" in result.flat
    assert "sentencizer can't learn" not in result.flat


def test_a_config_is_never_overwritten(tmp_path):
    path = tmp_path / "my.cfg"
    path.write_text("# mine")
    result = invoke(create_config_cli, path)
    assert result.exit_code == 1 and "Name another one with --vars.new_config" in result.flat
    assert path.read_text() == "# mine"


@pytest.mark.parametrize(
    "options, message",
    [
        (["--lang", "xyz"], "Can't load the language 'xyz'"),
        (["--pipeline", "tagger"], "No ner in the pipeline 'tagger'"),
        (["--pipeline", "ner,nerd"], "Can't find factory for 'nerd'"),
        (["--pipeline", "ner,ner"], "spaCy can't make a config for 'ner,ner'"),
    ],
)
def test_what_is_asked_for_wrongly(options, message, tmp_path):
    result = invoke(create_config_cli, tmp_path / "my.cfg", *options)
    assert result.exit_code == 1 and message in result.flat
    assert list(tmp_path.iterdir()) == []


def test_a_language_that_needs_more_packages(tmp_path):
    if importlib.util.find_spec("sudachipy"):
        pytest.skip("what Japanese needs is installed")
    result = invoke(create_config_cli, tmp_path / "my.cfg", "--lang", "ja")
    assert result.exit_code == 1
    assert "Can't load the language 'ja': Japanese support requires SudachiPy" in result.flat
    assert "Install what it asks for" in result.flat


@pytest.mark.slow
def test_readme_commands(finished, tmp_path):
    """What the README says, as written: a config, and the workflow with it."""
    project = copy(finished, tmp_path)
    create, train = readme_commands("Start from your own config")
    run(*create, cwd=project)
    output = run(*train, cwd=project).stdout
    assert "Skipping 'convert'" in output and "Skipping 'train'" not in output
    config = util.load_config(project / "training" / "model-best" / "config.cfg")
    # spaCy's width, not that of this project's config
    assert config["components"]["tok2vec"]["model"]["encode"]["width"] == 96
    assert (project / "training" / "log.jsonl").exists()

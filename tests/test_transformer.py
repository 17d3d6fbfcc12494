"""configs/ner_trf.cfg through the whole workflow, with a tiny model that is made here: nothing is
downloaded, no GPU is needed."""

import re
import zipfile

import pytest
import spacy
import srsly
from helpers.running import copy, readme_commands, replace_in, run, variables
from spacy.tokens import DocBin

for _name in ("torch", "transformers", "spacy_transformers"):
    pytest.importorskip(_name, reason="python -m pip install -r requirements-transformer.txt")

CONFIG = "configs/ner_trf.cfg"


def readme_command() -> list:
    """RETURNS (list): Arguments of the README's command, less the GPU that few machines have."""
    (args,) = readme_commands("On a GPU, with a transformer", "-m spacy project run all")
    assert variables(args) == {"gpu_id": "0", "config": CONFIG}
    return ["-1" if arg == "0" else arg for arg in args]


def make_model(folder, texts) -> None:
    """Save a RoBERTa of random weights, as small as it can be, with a tokenizer for the texts."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    tokenizer = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(texts, 600, special_tokens=special, show_progress=False)
    fast = RobertaTokenizerFast(tokenizer_object=tokenizer._tokenizer, model_max_length=512)
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=514,
    )
    RobertaModel(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def project(small_clone, tmp_path_factory):
    """The small clone after the README's command, with a tiny model that learns fast."""
    project = copy(small_clone, tmp_path_factory.mktemp("transformer"))
    texts = [record["text"] for record in srsly.read_jsonl(project / "assets" / "texts.jsonl")]
    make_model(project / "tiny", texts)
    replace_in(project / CONFIG, 'name = "roberta-base"', 'name = "tiny"')
    replace_in(project / CONFIG, "initial_rate = 5e-05", "initial_rate = 5e-03")
    replace_in(project / CONFIG, "eval_frequency = 50", "eval_frequency = 20")
    run(*readme_command(), cwd=project)
    return project


@pytest.mark.slow
def test_transformer_is_trained(project):
    import torch
    from transformers import AutoModel

    rows = list(srsly.read_jsonl(project / "training" / "log.jsonl"))
    assert [row["step"] for row in rows] == [0, 20, 40]
    assert rows[2]["losses"]["ner"] < rows[1]["losses"]["ner"] / 2
    nlp = spacy.load(project / "training" / "model-best")
    assert nlp.pipe_names == ["transformer", "ner"]
    before = AutoModel.from_pretrained(project / "tiny").state_dict()
    after = nlp.get_pipe("transformer").model.transformer.state_dict()
    weights = "encoder.layer.0.attention.self.query.weight"
    assert not torch.allclose(before[weights], after[weights])


@pytest.mark.slow
def test_assembled_recognizer_finds_what_the_model_finds(project):
    """It has a copy of the transformer of its own."""
    model = spacy.load(project / "training" / "model-best")
    pipeline = spacy.load(project / "training" / "pipeline")
    assert {"ner", "span_ruler"} <= set(pipeline.pipe_names)
    gold = DocBin().from_disk(project / "corpus" / "test.spacy").get_docs(model.vocab)
    texts = [doc.text for doc in gold]
    with pipeline.select_pipes(enable="ner"):
        found, expected = (
            [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(texts)]
            for nlp in (pipeline, model)
        )
    assert any(expected) and found == expected


@pytest.mark.slow
def test_package_requires_the_library(project):
    package = project / "packages" / "en_gadget_ner-0.1.0"
    (wheel,) = (package / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode("utf8")
    assert re.search(r"^Requires-Dist: spacy-transformers", metadata, re.M)
    # The weights are in the wheel: it was installed, and found the same as the pipeline
    assert srsly.read_json(project / "training" / "package_check.json")["entities"] > 0


@pytest.mark.slow
def test_report_has_a_learning_curve(project):
    report = (project / "training" / "report.html").read_text("utf8")
    assert "Learning curve" in report

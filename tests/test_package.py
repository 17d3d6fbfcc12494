"""package and check-package: what the package says of itself, and that it is what was trained."""

import pytest
import spacy
import srsly
from helpers.running import copy, run


@pytest.mark.slow
def test_package_meta(finished):
    folder = finished / "packages" / "en_gadget_ner-0.1.0"
    meta = srsly.read_json(folder / "meta.json")
    metrics = srsly.read_json(finished / "training" / "metrics.json")
    project = srsly.read_yaml(finished / "project.yml")["vars"]
    assert meta["name"] == "gadget_ner" and meta["version"] == "0.1.0" and meta["lang"] == "en"
    for key in ("description", "author", "license"):
        assert meta[key] == project[key] != ""
    assert [s["name"] for s in meta["sources"]] == [project["texts"], project["patterns"]]
    assert meta["labels"]["ner"] == ["GADGET"]
    for key in ("ents_p", "ents_r", "ents_f", "ents_per_type"):
        assert meta["performance"][key] == metrics["pipeline"][key]
    assert any(r.startswith("spacy>=") for r in meta["requirements"])


@pytest.mark.slow
def test_check_package_notices_another_pipeline(finished, tmp_path):
    project = copy(finished, tmp_path)
    rules = project / "training" / "pipeline" / "span_ruler" / "patterns"
    assert rules.exists()
    nlp = spacy.load(project / "training" / "pipeline")
    nlp.get_pipe("span_ruler").clear()
    nlp.get_pipe("span_ruler").add_patterns([{"label": "GADGET", "pattern": [{"IS_ALPHA": True}]}])
    nlp.to_disk(project / "training" / "pipeline")
    result = run("-m", "spacy", "project", "run", "check-package", cwd=project, check=False)
    assert result.returncode == 1
    assert "The package finds" in " ".join(result.stdout.split())

"""A little project for tests: rules stand in for model and pipeline, so nothing is trained."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from helpers.running import LANG, write_jsonl
from labelling.corpus import convert
from labelling.rules import add_ruler, collect_rules
from measuring.evaluation import evaluate
from measuring.page import report
from reading.patterns import blank
from shared.writing import ATTRS

Record = Tuple[str, List[Tuple[int, int, str]]]
# What the rules, the "model" and the "pipeline" of the little project know
WORDS = {
    "rules": {"GADGET": ["iphone", "pixel", "never"]},
    "model": {"GADGET": ["iphone", "galaxy"]},
    "pipeline": {"GADGET": ["iphone", "pixel", "galaxy"], "BRAND": ["acme"]},
}
RECORDS: List[Record] = [
    ("My iphone is fine", [(3, 9, "GADGET")]),  # all find it
    ("A galaxy fell", [(2, 8, "GADGET")]),  # unseen, found by model and pipeline
    ("The pixel watch ticks", [(4, 15, "GADGET")]),  # wrong boundary
    ("No kindle here", [(3, 9, "GADGET")]),  # missed
    ("Each pixel counts", []),  # spurious
    ("We like acme", [(8, 12, "GADGET")]),  # wrong label
    ("Nothing at all", []),
]
NLP = spacy.blank(LANG)

# Texts that try to be markup, and to steer a terminal
HOSTILE = "<script>alert(1)</script> \"'& \x1b[31m \0 \u202eevil\u2066 iphone <img src=x onerror=alert(2)>"
# What check-data may have found, of other data, in texts that try to be markup
CHECKED: Dict[str, Any] = {
    "counts": {"error": 0, "warning": 1, "info": 0},
    "findings": [
        {
            "check": "space",
            "severity": "warning",
            "title": "A <b>finding</b>",
            "why": "Why.",
            "remedy": "Mend it.",
            "places": [{"file": "a/gold.jsonl", "line": 7, "text": "<i>\x1b \u202e", "note": "X"}],
            "total": 3,
        }
    ],
    "passed": 7,
    "texts": 60,
    "gold": 9,
    "fingerprint": "of other data",
}


def build_rules(lang: str, patterns: Path, suggestions: Path) -> Language:
    """Make a blank pipeline whose span ruler knows all patterns and accepted suggestions.

    lang (str): The language whose tokenizer to use, e.g. "en".
    patterns (Path): Patterns in the format of EntityRuler, JSONL.
    suggestions (Path): Suggestions with answers, JSONL. Accepted terms match in any case.
    RETURNS (Language): The pipeline.
    RAISES (InputError): If a rule or suggestion is broken, an id is used twice, or there is
        no pattern.
    """
    nlp = blank(lang)
    add_ruler(nlp, collect_rules(nlp, patterns, suggestions))
    return nlp


def docs(records: List[Record]) -> List[Doc]:
    result = []
    for text, spans in records:
        doc = NLP.make_doc(text)
        doc.set_ents([doc.char_span(*span) for span in spans])
        result.append(doc)
    return result


def little_project(
    folder: Path,
    records: List[Record] = RECORDS,
    words: Dict[str, Dict[str, List[str]]] = WORDS,
    gold: bool = True,
    texts: Optional[List[str]] = None,
) -> Dict[str, Path]:
    """Make corpora, three pipelines and an evaluation; RETURNS the files by name."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = texts or [f"My iphone or pixel number {i}" for i in range(60)]
    empty = write_jsonl(folder / "empty.jsonl", [])
    paths = {name: folder / name for name in ("corpus", *WORDS)}
    for stage, by_label in words.items():
        rules = [{"label": k, "pattern": w, "id": w} for k, v in by_label.items() for w in v]
        patterns = write_jsonl(folder / f"{stage}.jsonl", rules)
        if stage != "rules":
            build_rules(LANG, patterns, empty).to_disk(paths[stage])
    gold_path = empty
    if gold:
        annotated = [{"text": f"Annotated {i}", "spans": []} for i in range(9)]
        gold_path = write_jsonl(folder / "gold.jsonl", annotated)
    convert(
        write_jsonl(folder / "texts.jsonl", [{"text": text} for text in texts]),
        folder / "rules.jsonl",
        gold_path,
        empty,
        paths["corpus"],
        paths["rules"],
        lang=LANG,
    )
    names = ("stats.json", "test.spacy", "metrics.json", "predictions")
    paths.update({name.split(".")[0]: paths["corpus"] / name for name in names})
    DocBin(ATTRS, docs=docs(records)).to_disk(paths["test"])
    pipelines = {stage: paths[stage] for stage in WORDS}
    evaluate(paths["test"], paths["stats"], paths["metrics"], paths["predictions"], pipelines)
    rows = [
        {"step": s, "losses": {"ner": 9.5 / (s + 1)}, "scores": {"ents_f": s / 10}, "epoch": 0}
        for s in (0, 200, 400)
    ]
    paths["log"] = write_jsonl(folder / "log.jsonl", rows)
    paths.update(data_check=folder / "data_check.json", report=folder / "report.html")
    return paths


def little_report(paths: Dict[str, Path]) -> str:
    """RETURNS (str): The report of a little project, also written to "report"."""
    names = ("test", "stats", "metrics", "predictions")
    page = report(
        *(paths[name] for name in names),
        rules=paths["rules"],
        train=paths["corpus"] / "train",
        config=paths["rules"] / "config.cfg",
        log=paths["log"],
        data_check=paths["data_check"],
    )
    paths["report"].write_text(page, encoding="utf8")
    return page

"""The pages: the report as HTML, and what other pages take from it."""

import hashlib
from pathlib import Path
from typing import Any, Dict, Optional

import spacy
import srsly
from jinja2 import Environment, FileSystemLoader, Template
from spacy import util

from measuring.advice import what_next
from measuring.cautions import cautions
from measuring.evaluation import rule_forms
from measuring.marks import PER_KIND, error_examples, visible
from measuring.plots import plot_curve, plot_differences, plot_recall, plot_scores
from measuring.scores import (
    ERROR_KINDS,
    GROUPS,
    PAIRS,
    STAGES,
    percent,
    percent_range,
    points,
    points_range,
)
from measuring.verdict import verdict
from measuring.words import (
    learning_curve,
    matched_forms,
    new_forms,
    rule_table,
    versions,
    words_from_test,
)
from shared.loading import read_docs, read_json
from shared.writing import staged

TEMPLATES = Path(__file__).parent / "templates"


def report(
    test: Path,
    stats: Path,
    metrics: Path,
    predictions: Path,
    *,
    rules: Path,
    train: Path,
    config: Path,
    log: Path,
    data_check: Path,
    dev: Optional[Path] = None,
) -> str:
    """Render the report. The same files and versions give the same page.

    test (Path): Test corpus, .spacy.
    stats (Path): The stats.json that convert wrote.
    metrics (Path): The scores that evaluate wrote.
    predictions (Path): Folder with what each stage predicts for the test and the dev corpus.
    rules (Path): The rules as a pipeline.
    train (Path): The training corpus, a folder.
    config (Path): The trained pipeline's config.
    log (Path): The training log, may be missing.
    data_check (Path): What check-data found, may be missing.
    dev (Optional[Path]): Dev corpus, .spacy, to show what is right and wrong in its texts. Without
        it the page shows those of test, from which nobody should learn.
    RETURNS (str): The page, self-contained HTML.
    """
    settings = util.load_config(config, interpolate=True)
    lang = settings["nlp"]["lang"]
    vocab = spacy.blank(lang).vocab
    shown, folder = (dev, predictions / "dev") if dev else (test, predictions)
    again = "Run evaluate again."
    gold = read_docs(shown, vocab)
    found, by_rules = (
        read_docs(folder / f"{stage}.spacy", vocab, again) for stage in ("pipeline", "rules")
    )
    tested = read_docs(test, vocab), read_docs(predictions / "rules.spacy", vocab, again)
    direction = vocab.writing_system["direction"]
    counted, scores = read_json(stats), read_json(metrics, again)
    forms = {label: set(known) for label, known in counted["train"]["forms"].items()}
    differ = any(gain["ents_f_ci"] for gain in scores["differences"].values())
    measured = bool(scores["test"]["texts"] and scores["pipeline"]["ents_f_ci"])
    curve = learning_curve(log)
    headline, sentences = verdict(scores)
    return template("report.html").render(
        headline=headline,
        sentences=sentences,
        cautions=cautions(scores, counted, curve),
        advice=what_next(scores, counted, curve),
        side="dev" if dev else "test",
        stats=counted,
        vectors=settings["initialize"]["vectors"],
        metrics=scores,
        measured=measured,
        stages=STAGES,
        pairs=PAIRS,
        groups=GROUPS,
        kinds=ERROR_KINDS,
        per_kind=PER_KIND,
        plots={
            "scores": plot_scores(scores) if measured else "",
            "differences": plot_differences(scores) if measured and differ else "",
            "recall": plot_recall(scores) if scores["test"]["entities"] else "",
            "curve": plot_curve(curve) if len(curve) > 1 else "",
        },
        curve=curve,
        checked=read_check(data_check, counted, test),
        rules=rule_table(counted, gold, by_rules, matched_forms(rules, train)),
        new_forms=new_forms(gold, found, forms, rule_forms(rules, shown)),
        from_test=words_from_test(counted, *tested, forms),
        examples=error_examples(gold, found, direction),
        seed=settings["training"]["seed"],
        config=config.read_text(encoding="utf8"),
        versions=versions(),
    )


def read_check(path: Path, stats: Dict[str, Any], test: Path) -> Optional[Dict[str, Any]]:
    """Read what check-data found.

    path (Path): The findings, JSON; may be missing.
    stats (dict): What convert counted.
    test (Path): Test corpus, .spacy.
    RETURNS (dict): The findings; "outdated" is true if they are of other data. None if there
        are none.
    """
    if not path.exists():
        return None
    checked = read_json(path, "Run check-data again.")
    return {**checked, "outdated": checked["fingerprint"] != fingerprint(stats, test)}


def fingerprint(stats: Dict[str, Any], test: Path) -> str:
    """RETURNS (str): What tells whether findings are of the data of a report."""
    rules = [(rule["id"], rule["label"], rule["pattern"]) for rule in stats["rules"]]
    counts = srsly.json_dumps([stats["texts"], stats["gold"], rules]).encode("utf8", "replace")
    # Without gold the test corpus is of raw texts, of which check-data may see a part
    corpus = test.read_bytes() if stats["gold"]["texts"] else b""
    return hashlib.blake2b(counts + corpus, digest_size=16).hexdigest()


def update_section(page: Path, checked: Dict[str, Any]) -> None:
    """Put new findings of check-data into a report that is there.

    The next `report` writes the same, since Weasel sees that its output was changed.

    page (Path): The report, may be missing.
    checked (dict): The findings.
    """
    if not page.exists():
        return
    source = template("report.html")
    context = source.new_context({"checked": {**checked, "outdated": False}})
    section = "".join(source.blocks["data_check"](context))
    # Between two comments, so that it can be found again
    start, end = section.splitlines()[0], section.splitlines()[-1]
    before, _, rest = page.read_text(encoding="utf8").partition(start)
    _, found, after = rest.partition(end)
    if found:
        with staged(page) as path:
            path.write_text(before + section.rstrip("\n") + after, encoding="utf8")


def template(name: str) -> Template:
    """RETURNS (Template): A page of the folder templates/, which can show scores."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    filters: Any = {
        "percent": percent,
        "range": percent_range,
        "points": points,
        "points_range": points_range,
        "visible": visible,
    }
    environment.filters.update(filters)
    return environment.get_template(name)

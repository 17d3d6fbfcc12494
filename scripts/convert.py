"""Turn raw texts, rules and gold annotations into the .spacy files that training reads."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List

import srsly
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tqdm import tqdm

from common import ATTRS, InputError, clear_errors, staged
from gold import load_gold
from labelling import Counts, label, label_shards
from readers import read_texts
from rules import COMPONENT, blank, build_rules
from splits import Splitter, gold_side
from summary import print_summary


def convert_cli(
    # fmt: off
    texts: Path = typer.Argument(
        ..., help="Raw texts: .jsonl, .txt, .csv or .tsv, each also .gz, or a folder"
    ),
    patterns: Path = typer.Argument(..., help="Match patterns, JSONL"),
    gold: Path = typer.Argument(..., help="Annotated records, JSONL; may have none"),
    suggestions: Path = typer.Argument(
        ..., help="Suggested terms with answers, JSONL; may have none"
    ),
    corpus: Path = typer.Argument(
        ..., help="Output folder for train/, dev.spacy, test.spacy and stats.json"
    ),
    rules: Path = typer.Argument(..., help="Output folder for the rules as a pipeline"),
    lang: str = typer.Option("en", help="Language code"),
    n_process: int = typer.Option(1, help="Number of processes, -1 for one a core"),
    bad_spans: str = typer.Option(
        "fail", help="'skip' leaves out gold spans that can't be used, 'fail' stops"
    ),
    # fmt: on
) -> None:
    """Label raw texts with match patterns and write training, dev and test corpora."""
    with clear_errors():
        if bad_spans not in ("fail", "skip"):
            raise InputError(f"bad_spans is '{bad_spans}'", remedy="Set it to fail or skip.")
        stats = convert(
            texts,
            patterns,
            gold,
            suggestions,
            corpus,
            rules,
            lang=lang,
            n_process=n_process,
            skip_bad_spans=bad_spans == "skip",
        )
        print_summary(stats)


def convert(
    texts: Path,
    patterns: Path,
    gold: Path,
    suggestions: Path,
    corpus: Path,
    rules: Path,
    *,
    lang: str = "en",
    n_process: int = 1,
    skip_bad_spans: bool = False,
) -> Dict[str, Any]:
    """Label texts with the rules, split them, and write all that training and evaluation read.

    If there are gold records, they are dev and test and all other texts are train. Without
    them, dev and test are held-out texts with the labels of the rules.

    texts (Path): Raw texts, a file or folder that `read_texts` understands.
    patterns (Path): Match patterns, JSONL.
    gold (Path): Annotated records, JSONL, may have no records.
    suggestions (Path): Suggested terms with answers, JSONL, may have no records.
    corpus (Path): Folder for train/, dev.spacy, test.spacy and stats.json.
    rules (Path): Folder for the rules as a spaCy pipeline.
    lang (str): Language code.
    n_process (int): Number of processes, -1 for one a core. The files are the same.
    skip_bad_spans (bool): Leave out gold spans that can't be used instead of failing.
    RETURNS (dict): The content of stats.json.
    RAISES (InputError): If anything provided is not usable. Nothing is written then.
    """
    nlp = build_rules(lang, patterns, suggestions)
    gold_docs, n_bad_spans = load_gold(blank(lang), gold, skip_bad_spans)
    held_out: Dict[str, List[Doc]] = {"dev": [], "test": []}
    for doc in gold_docs:
        held_out[gold_side(doc.text)].append(doc)
    read: Counter = Counter()
    splitter = Splitter(doc.text for doc in gold_docs)
    with staged(rules) as rules_tmp, staged(corpus / "train") as train_tmp:
        nlp.to_disk(rules_tmp)
        train_tmp.mkdir()
        train_texts = _put_aside(texts, splitter, nlp, held_out, read)
        counts = label_shards(train_texts, rules_tmp, train_tmp, n_process)
        stats = _stats(nlp, read, counts, held_out, gold_docs, n_bad_spans)
        _check(stats, texts, patterns)
        with staged(corpus / "dev.spacy") as path:
            DocBin(ATTRS, docs=held_out["dev"]).to_disk(path)
        with staged(corpus / "test.spacy") as path:
            DocBin(ATTRS, docs=held_out["test"]).to_disk(path)
        with staged(corpus / "stats.json") as path:
            srsly.write_json(path, stats)
    return stats


def _put_aside(
    path: Path, splitter: Splitter, nlp: Language, held_out: Dict[str, List[Doc]], read: Counter
) -> Iterator[str]:
    """Stream the texts for train; label and keep those for dev and test; count all by side."""
    for _, text in tqdm(read_texts(path), desc="Reading texts", unit="", disable=None):
        side = splitter(text)
        read[side] += 1
        if side in held_out:
            held_out[side].append(label(nlp, text)[0])
        elif side == "train":
            yield text


def _stats(
    nlp: Language,
    read: Counter,
    counts: Counts,
    held_out: Dict[str, List[Doc]],
    gold_docs: List[Doc],
    n_bad_spans: int,
) -> Dict[str, Any]:
    """RETURNS (dict): What is printed and what the report shows, ready for JSON."""

    def count(name: str) -> Counter:
        return counts.get(name, Counter())

    forms: Dict[str, Dict[str, int]] = {}
    for (label_, form), number in sorted(count("forms").items(), key=lambda x: (-x[1], x[0])):
        forms.setdefault(label_, {})[form] = number
    rules = [
        {
            "id": rule["id"],
            "label": rule["label"],
            "pattern": rule["pattern"],
            "matches": count("matches")[rule["id"]],
            "entities": count("entities")[rule["id"]],
        }
        for rule in nlp.get_pipe(COMPONENT).patterns  # type: ignore[attr-defined]
    ]
    return {
        "texts": sum(read.values()),
        "dropped": {why: read[why] for why in ("empty", "duplicate", "in_gold")},
        "train": {
            "texts": count("totals")["texts"],
            "tokens": count("totals")["tokens"],
            "without_entities": count("totals")["without_entities"],
            "entities": dict(sorted(count("labels").items())),
            "forms": forms,
        },
        "dev": {"texts": len(held_out["dev"])},
        "test": {"texts": len(held_out["test"])},
        "gold": {
            "texts": len(gold_docs),
            "entities": dict(
                sorted(Counter(ent.label_ for doc in gold_docs for ent in doc.ents).items())
            ),
            "spans_left_out": n_bad_spans,
        },
        "rules": rules,
    }


def _check(stats: Dict[str, Any], texts: Path, patterns: Path) -> None:
    """Raise an InputError if there is nothing to train on or to measure with."""
    if not stats["texts"]:
        raise InputError("No texts", texts, remedy="Put at least one text into it.")
    sizes = {side: stats[side]["texts"] for side in ("train", "dev", "test")}
    if not all(sizes.values()):
        found = ", ".join(f"{size} in {side}" for side, size in sizes.items())
        raise InputError(
            f"Too few texts to fill train, dev and test: {found}",
            texts,
            remedy="Add texts. If there is a gold file, add gold records: they are dev and "
            "test, and texts that are among them do not count for train.",
        )
    if not stats["train"]["entities"]:
        raise InputError(
            "No pattern matches anything in the texts to train on",
            patterns,
            remedy='Check the spelling; {"LOWER": "iphone"} matches any case, '
            '{"TEXT": "iPhone"} only this one.',
        )


if __name__ == "__main__":
    typer.run(convert_cli)

"""What the checks of the data share: the data, and what a finding is."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from reading.gold import annotate, read_gold
from reading.lines import Line, clean
from reading.splits import text_hash
from reading.texts import read_texts
from shared.showing import printable

SEVERITIES = ("error", "warning", "info")
# Records of a finding that are kept; a person mends some and checks again
MAX_PLACES = 50
# Characters around a span in the excerpt of a text
MARGIN = 25


class Place(NamedTuple):
    """A record that a finding is about."""

    file: str
    line: int
    text: str  # an excerpt
    note: str = ""


class Finding(NamedTuple):
    """Something in the data that is worth a look."""

    check: str
    severity: str
    title: str  # what was found
    why: str  # what harm it does
    remedy: str  # what to do
    places: List[Place] = []
    total: int = 0  # of records, more than places if there are many


class Data(NamedTuple):
    """All that is checked."""

    gold: List[Doc]  # with the entities that can be used
    gold_lines: List[Line]
    annotated: List[Doc]  # the same of what people annotated to learn from
    annotated_lines: List[Line]
    problems: List[Tuple[Line, str]]  # spans that can't be used
    by_rules: List[Doc]  # the gold texts with the entities that the rules find
    train: List[Doc]  # raw texts with the entities that the rules find
    train_lines: List[Line]
    nlp: Language  # the rules

    @property
    def labels(self) -> List[str]:
        """RETURNS (List[str]): The labels in gold."""
        return sorted(Counter(ent.label_ for doc in self.gold for ent in doc.ents))

    @property
    def by_people(self) -> List[Tuple[Line, Doc]]:
        """RETURNS (List[Tuple[Line, Doc]]): All that people annotated, gold first."""
        lines = self.gold_lines + self.annotated_lines
        return list(zip(lines, self.gold + self.annotated))


def load_data(
    texts: Path, gold: Path, annotated: Path, train: Path, rules: Path, limit: int
) -> Data:
    """Read all that is checked.

    texts (Path): The raw texts that `convert` read.
    gold (Path): Gold annotations, JSONL.
    annotated (Path): Annotated records to learn from, JSONL.
    train (Path): The training corpus that `convert` wrote, a folder.
    rules (Path): The rules as a pipeline.
    limit (int): How many of the texts `convert` read.
    RETURNS (Data): The data, all docs with one vocabulary.
    """
    nlp = spacy.load(rules)
    problems: List[Tuple[Line, str]] = []
    docs, lines = _annotated_docs(nlp, gold, problems)
    more_docs, more_lines = _annotated_docs(nlp, annotated, problems)
    train_docs = list(_train_docs(nlp, train))
    # The first of equal texts is the one that convert takes
    first: Dict[bytes, Line] = {}
    for where, text in islice(read_texts(texts), limit):
        first.setdefault(text_hash(text), where)
    return Data(
        gold=docs,
        gold_lines=lines,
        annotated=more_docs,
        annotated_lines=more_lines,
        problems=problems,
        by_rules=list(nlp.pipe(doc.text for doc in docs)),
        train=train_docs,
        train_lines=[first[text_hash(doc.text)] for doc in train_docs],
        nlp=nlp,
    )


def _annotated_docs(
    nlp: Language, path: Path, problems: List[Tuple[Line, str]]
) -> Tuple[List[Doc], List[Line]]:
    """RETURNS (Tuple[List[Doc], List[Line]]): The docs of annotated records, and where they are.
    What is wrong with spans is added to the problems."""
    docs: List[Doc] = []
    lines: List[Line] = []
    for record in read_gold(path):
        if record.text.strip():
            doc, found = annotate(nlp, record)
            docs.append(doc)
            lines.append(record.where)
            problems.extend((record.where, problem) for problem in found)
    return docs, lines


def _train_docs(nlp: Language, train: Path) -> Iterable[Doc]:
    for shard in sorted(train.glob("*.spacy")):
        yield from DocBin().from_disk(shard).get_docs(nlp.vocab)


def place(where: Line, text: str) -> Place:
    """RETURNS (Place): A record by file and line, with the start of its text."""
    text = printable(text)
    return Place(clean(str(where.path)), where.number, text if len(text) <= 60 else text[:59] + "…")


def span_place(where: Line, span: Span, note: str = "") -> Place:
    """RETURNS (Place): A record with the span in brackets and what is around it."""
    text = span.doc.text
    start, end = span.start_char, span.end_char
    left = ("…" if start > MARGIN else "") + text[max(start - MARGIN, 0) : start]
    right = text[end : end + MARGIN] + ("…" if end + MARGIN < len(text) else "")
    excerpt = printable(f"{left}[{text[start:end]}]{right}")
    return Place(clean(str(where.path)), where.number, excerpt, printable(note))


def finding(
    check: str, severity: str, places: List[Place], title: str, why: str, remedy: str
) -> Finding:
    """RETURNS (Finding): A finding about records, with at most MAX_PLACES of them."""
    return Finding(check, severity, title, why, remedy, places[:MAX_PLACES], len(places))


def as_dict(found: Finding) -> Dict[str, Any]:
    """RETURNS (dict): The finding, ready for JSON."""
    return {**found._asdict(), "places": [entry._asdict() for entry in found.places]}


def number(count: int, singular: str, plural: str = "") -> str:
    """RETURNS (str): A number with its noun, e.g. "1 text" or "2,000 texts"."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"

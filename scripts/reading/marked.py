"""Terms that people marked in texts: who marks one says yes to it without being asked."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Sequence, Set, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc, Span

from reading.gold import less_gold, load_gold, read_gold

Words = Tuple[str, ...]


def read_marked(nlp: Language, annotated: Path, gold: Path) -> List[Dict[str, Any]]:
    """Make these rules of a file.

    nlp (Language): Tokenizes the texts.
    annotated (Path): Annotated records to learn from, JSONL; may be missing. Spans that can't be used
        are left out, with a warning.
    gold (Path): Annotated records to measure with, JSONL; the same texts are left out.
    RETURNS (List[Dict[str, Any]]): What `marked_rules` returns.
    RAISES (InputError): If a file has a broken record.
    """
    if not annotated.exists():
        return []
    docs, _ = load_gold(nlp, annotated, skip_bad_spans=True)
    return marked_rules(less_gold(docs, (record.text for record in read_gold(gold))))


def marked_rules(docs: Sequence[Doc]) -> List[Dict[str, Any]]:
    """Make rules of the terms that are mostly an entity where they stand in annotated texts.

    A term is compared in lower case, as an accepted suggestion is. More than half of the places where it
    stands must lie within entities of its label. Stop words and single characters make no rule: seen
    once as an entity ("US", "It", "X") they would match all over the raw texts.

    docs (Sequence[Doc]): The annotated texts, with entities.
    RETURNS (List[Dict[str, Any]]): A rule for each term, in the order of the texts: "label", "pattern",
        and in how many texts it is "marked".
    """
    texts: Dict[Tuple[str, Words], Set[int]] = {}
    for number, doc in enumerate(docs):
        for ent in filter(_tells, doc.ents):
            texts.setdefault((ent.label_, _lower(ent)), set()).add(number)
    terms = {words for _, words in texts}
    sizes: Dict[str, Set[int]] = {}
    for words in terms:
        sizes.setdefault(words[0], set()).add(len(words))
    seen: Counter[Words] = Counter()
    within: Counter[Tuple[str, Words]] = Counter()
    for doc in docs:
        lower, labels = _lower(doc), [token.ent_type_ for token in doc]
        for start, word in enumerate(lower):
            for end in (start + size for size in sizes.get(word, ())):
                if (words := lower[start:end]) in terms:
                    seen[words] += 1
                    if len(found := {*labels[start:end]}) == 1:
                        within[found.pop(), words] += 1
    return [
        {"label": label, "pattern": [{"LOWER": word} for word in words], "marked": len(numbers)}
        for (label, words), numbers in texts.items()
        if 2 * within[label, words] > seen[words]
    ]


def _tells(ent: Span) -> bool:
    """RETURNS (bool): Whether the entity's words may be one wherever they stand."""
    words = [token for token in ent if not token.is_stop]
    return bool(words) and len(ent.text) > 1 and not any(token.is_space for token in ent)


def _lower(tokens: Union[Doc, Span]) -> Words:
    return tuple(token.lower_ for token in tokens)

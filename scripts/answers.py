"""The suggestions file: reading what people answered, and writing without losing any of it."""

import json
from pathlib import Path
from typing import Any, Collection, Dict, Iterable, List, NamedTuple, Tuple

from spacy.language import Language

from common import InputError, staged
from lines import Line
from readers import read_suggestions


class Suggestion(NamedTuple):
    """A line of the suggestions file."""

    where: Line
    words: List[str]  # the term's tokens in lower case
    record: Dict[str, Any]

    @property
    def key(self) -> Tuple[str, str]:
        """RETURNS (Tuple[str, str]): Label and term, the same for all ways to write the term."""
        return self.record["label"], " ".join(self.words)

    @property
    def answer(self) -> Any:
        """RETURNS (Optional[str]): "accept", "reject", "ignore", or None."""
        return self.record.get("answer")


def lower_words(nlp: Language, text: str) -> List[str]:
    """RETURNS (List[str]): The tokens of a term in lower case, without white space."""
    return [token.lower_ for token in nlp.make_doc(text) if not token.is_space]


def read_answers(nlp: Language, path: Path, labels: Collection[str]) -> List[Suggestion]:
    """Read all suggestions, answered or not, and check that they fit together.

    nlp (Language): Tokenizes the terms.
    path (Path): The suggestions, JSONL.
    labels (Collection[str]): The labels that patterns have.
    RETURNS (List[Suggestion]): One for each line that is not empty.
    RAISES (InputError): If a line is broken, has a label that no pattern has, or answers the
        question of another line differently.
    """
    suggestions: List[Suggestion] = []
    answered: Dict[Tuple[str, str], Suggestion] = {}
    for where, record in read_suggestions(path):
        suggestion = Suggestion(where, lower_words(nlp, record["text"]), record)
        if record["label"] not in labels:
            raise where.error(
                f"No pattern has the label {record['label']!r}",
                "Mend the label, add a pattern that has it, or delete the line.",
            )
        if suggestion.answer:
            first = answered.setdefault(suggestion.key, suggestion)
            if first.answer != suggestion.answer:
                raise where.error(
                    f"{record['text']!r} is answered with {suggestion.answer} here and with "
                    f"{first.answer} on line {first.where.number}",
                    "Delete one of the two lines.",
                )
        suggestions.append(suggestion)
    return suggestions


def append_records(path: Path, records: Iterable[Dict[str, Any]]) -> None:
    """Add lines to the suggestions and leave the ones that are there as they are, byte for byte.

    path (Path): The suggestions, JSONL. Made if it is missing.
    records (Iterable[Dict[str, Any]]): What to add.
    """
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        content += b"\n"
    with staged(path) as temporary:
        temporary.write_bytes(content + b"".join(_dump(record) + b"\n" for record in records))


def write_answer(suggestion: Suggestion, answer: Any) -> Suggestion:
    """Write one answer into its line and leave all others as they are, byte for byte.

    The file is read again for it, so that what somebody else wrote meanwhile stays.

    suggestion (Suggestion): The suggestion, with the line it is on.
    answer (Optional[str]): "accept", "reject", "ignore", or None to take the answer back.
    RETURNS (Suggestion): The suggestion with the answer.
    RAISES (InputError): If the line is no longer there.
    """
    path, number, _ = suggestion.where
    lines = path.read_bytes().split(b"\n")
    try:
        line = lines[number - 1]
        record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf8"))
        same = all(record[key] == suggestion.record[key] for key in ("text", "label"))
    except (IndexError, KeyError, TypeError, ValueError):
        same = False
    if not same:
        raise InputError(
            "The file was changed by something else, so the last answer can't be written",
            path,
            number,
            "All earlier answers are in the file. Start again to go on.",
        )
    record["answer"] = answer
    lines[number - 1] = _dump(record) + (b"\r" if line.endswith(b"\r") else b"")
    with staged(path) as temporary:
        temporary.write_bytes(b"\n".join(lines))
    return suggestion._replace(record=record)


def _dump(record: Dict[str, Any]) -> bytes:
    # Half a character can stand in JSON as an escape, but not in UTF-8
    return json.dumps(record, ensure_ascii=False).encode("utf8", "backslashreplace")

"""The suggestions file: reading what people answered, and writing without losing any of it."""

from pathlib import Path
from typing import Any, Collection, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from spacy.language import Language

from reading.lines import DECODER, Line, clean, dump, read_jsonl, string_of
from shared import watching
from shared.errors import InputError
from shared.writing import staged

# Marked texts teach more than answers to terms in the same time if of so many recent ones hardly any was yes.
# Measured by `spacy project run benchmark . --vars.benchmark minutes`. Of 50 so few are yes by chance once in
# ten looks where one in five is yes, of 100 once in forty
RECENT = 100
MIN_YES = RECENT // 8


def read_suggestions(path: Path) -> Iterator[Tuple[Line, Dict[str, Any]]]:
    """Stream suggested terms with the answers that people gave.

    path (Path): The .jsonl file.
    YIELDS (Tuple[Line, dict]): Where the suggestion is, and the record: "text", "label",
        "answer" (None, "accept", "reject" or "ignore"), and what else it holds.
    RAISES (InputError): If the file is missing or has a broken record.
    """
    for where, record in watching.lines(read_jsonl(path)):
        for key in ("text", "label"):
            record[key] = clean(string_of(where, record, key))
            if not record[key].strip():
                raise where.error(f"'{key}' is empty")
        if record.get("answer") not in (None, "accept", "reject", "ignore"):
            raise where.error(
                f"Unknown answer {record['answer']!r}",
                "An answer is null, accept, reject or ignore.",
            )
        yield where, record


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


def recent_yes(answers: Sequence[Suggestion]) -> Tuple[int, int]:
    """RETURNS (Tuple[int, int]): Of the last RECENT answers, how many are yes, and how many there
    are."""
    given = [s.answer for s in answers if s.answer in ("accept", "reject")][-RECENT:]
    return given.count("accept"), len(given)


def terms_pay(answers: Sequence[Suggestion]) -> bool:
    """RETURNS (bool): Whether the next minutes are better spent on terms than on marking texts."""
    yes, number = recent_yes(answers)
    return number < RECENT or yes > MIN_YES


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


def write_answer(suggestion: Suggestion, answer: Any) -> Suggestion:
    """Write one answer into its line and leave all others as they are, byte for byte.

    The file is read again for it, so that what somebody else wrote meanwhile stays.

    suggestion (Suggestion): The suggestion, with the line it is on.
    answer (Optional[str]): "accept", "reject", "ignore", or None to take the answer back.
    RETURNS (Suggestion): The suggestion with the answer.
    RAISES (InputError): If the line is no longer there.
    """
    path, number, _ = suggestion.where
    with staged(path) as temporary:
        lines = path.read_bytes().splitlines(keepends=True)
        try:
            line = lines[number - 1]
            record = DECODER.decode(line.decode("utf-8-sig" if number == 1 else "utf8"))
            same = all(clean(record[key]) == suggestion.record[key] for key in ("text", "label"))
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
        lines[number - 1] = dump(record) + line[len(line.rstrip(b"\r\n")) :]
        temporary.write_bytes(b"".join(lines))
    return suggestion._replace(record={**suggestion.record, "answer": answer})

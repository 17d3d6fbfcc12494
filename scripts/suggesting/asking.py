"""Questions about suggested terms and the answers to them, for the terminal and for the page."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from reading.lines import append_records
from reading.suggestions import (
    MIN_YES,
    RECENT,
    Suggestion,
    read_answers,
    recent_yes,
    terms_pay,
    write_answer,
)
from shared.locking import Lock
from shared.showing import printable

if TYPE_CHECKING:  # it takes scikit-learn, which takes seconds to import
    from suggesting.suggester import Suggester


class Asking:
    """One sitting: the questions in their order, the answers, and what can be taken back.

    suggester (Suggester): Proposes more when the suggestions are answered.
    path (Path): The suggestions, JSONL; answers are written into it.
    n_suggestions (int): How many to propose at a time.
    RAISES (InputError): If another process writes into the file, or it is broken.
    """

    def __init__(self, suggester: "Suggester", path: Path, n_suggestions: int) -> None:
        self.suggester = suggester
        self.path = path
        self.n_suggestions = n_suggestions
        self.queue: List[Suggestion] = []
        self.current = 0
        # Place in the queue and the answer before, for each answer that can be taken back
        self.done: List[Tuple[int, Optional[str]]] = []
        self.lock = Lock(path)
        self.lock.acquire()
        try:
            self.fetch()
        except BaseException:
            self.close()
            raise

    @property
    def question(self) -> Optional[Suggestion]:
        """RETURNS (Optional[Suggestion]): What to ask now, None if the queue is at its end."""
        return self.queue[self.current] if self.current < len(self.queue) else None

    def close(self) -> None:
        """Let others write into the file."""
        self.lock.release()

    def fetch(self) -> bool:
        """Put the open suggestions of the file behind those that wait.

        RETURNS (bool): Whether there is something to ask.
        """
        answers = self.read()
        self.n_answers = sum(suggestion.answer is not None for suggestion in answers)
        self.n_matches = sum(map(matches, answers))
        known = {suggestion.key for suggestion in answers if suggestion.answer}
        known.update(suggestion.key for suggestion in self.queue[self.current :])
        for suggestion in answers:
            if suggestion.answer is None and suggestion.key not in known:
                known.add(suggestion.key)
                self.queue.append(suggestion)
        return self.question is not None

    def rank(self) -> List[Dict[str, Any]]:
        """RETURNS (List[Dict[str, Any]]): The terms most worth asking after the answers so far.
        It takes seconds and changes nothing, so that it can be done beside the asking."""
        return self.suggester.propose(self.read(), self.n_suggestions)

    def add(self, records: Sequence[Dict[str, Any]]) -> bool:
        """Write new suggestions into the file and put them behind those that wait.

        RETURNS (bool): Whether there is something to ask.
        """
        if records:
            append_records(self.path, records)
        return self.fetch()

    def answer(self, answer: str) -> None:
        """Write the answer to the current question, and go on.

        answer (str): "accept", "reject" or "ignore".
        RAISES (InputError): If something else changed the file so that its line is gone.
        """
        before = self.queue[self.current].answer
        self._write(self.current, answer)
        self.done.append((self.current, before))
        self.current += 1

    def undo(self) -> bool:
        """RETURNS (bool): Whether there was an answer to take back."""
        if not self.done:
            return False
        place, before = self.done[-1]
        self._write(place, before)
        self.done.pop()
        self.current = place
        return True

    def back(self) -> bool:
        """Ask the question before again, its answer stays until there is another one.

        RETURNS (bool): Whether there is one.
        """
        before = self.current
        self.current = max(before - 1, 0)
        return self.current < before

    def left(self) -> int:
        """RETURNS (int): How many questions wait, until more are proposed."""
        return len(self.queue) - self.current

    def status(self) -> str:
        """RETURNS (str): How much is done and gained."""
        answers = f"{self.n_answers:,} answer{'s' * (self.n_answers != 1)}"
        more = f"{self.n_matches:,} more match{'es' * (self.n_matches != 1)}"
        return f"{answers}, about {more} in the texts"

    def read(self) -> List[Suggestion]:
        """RETURNS (List[Suggestion]): All that is in the file, answered or not."""
        return read_answers(self.suggester.nlp, self.path, self.suggester.labels)

    def _write(self, place: int, answer: Optional[str]) -> None:
        """Write an answer, and only then count it."""
        before = self.queue[place]
        after = write_answer(before, answer)
        self.queue[place] = after
        self.n_answers += (after.answer is not None) - (before.answer is not None)
        self.n_matches += matches(after) - matches(before)


def how_many_more(answers: Sequence[Suggestion]) -> str:
    """Say what the next minutes are worth most for.

    answers (Sequence[Suggestion]): All suggestions, answered or not, in their order.
    RETURNS (str): How many more answers help, going by what was measured, or to mark texts.
    """
    yes, recent = recent_yes(answers)
    if not terms_pay(answers):
        command = "python -m spacy project run annotate . --vars.annotate_for train"
        why = f"Of your last {recent} answers {yes} were yes."
        return f"{why} Now texts teach more: mark some with\n{command}"
    if recent < RECENT:
        return f"{RECENT - recent} more answers bring most of what answers can."
    return (
        f"More answers help until {MIN_YES} or fewer of the last {RECENT} are yes. Now {yes} are."
    )


def question(suggestion: Suggestion) -> str:
    """RETURNS (str): What is asked of the term. An accepted one matches as an ordinary word, too."""
    return f"Is this always {printable(suggestion.record['label'])}, in capitals or not?"


def matches(suggestion: Suggestion) -> int:
    """RETURNS (int): How many matches the answer adds."""
    return count_of(suggestion) if suggestion.answer == "accept" else 0


def count_of(suggestion: Suggestion) -> int:
    """RETURNS (int): How often the term is in the texts, 0 if its line doesn't say."""
    count = suggestion.record.get("count")  # people may have written the line
    return count if isinstance(count, int) else 0


def examples_of(suggestion: Suggestion) -> List[List[Tuple[str, bool]]]:
    """RETURNS (List[List[Tuple[str, bool]]]): Each example in parts, and whether a part is the
    term. All of it is safe to show on one line."""
    examples = suggestion.record.get("examples")
    term = r"\s*".join(re.escape(printable(word)) for word in suggestion.words)
    # Split at a group, so that every second part is the term
    split = re.compile(rf"(?<!\w)({term})(?!\w)", re.I).split
    return [
        [(part, bool(i % 2)) for i, part in enumerate(split(printable(str(example)))) if part]
        for example in (examples if isinstance(examples, list) else [])
    ]

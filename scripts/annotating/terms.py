"""The Terms view: the questions of `suggest`, ranked anew beside the asking so that nobody waits."""

import threading
from typing import Any, Callable, Dict, List

from shared.errors import InputError
from suggesting.asking import Asking, count_of, examples_of, how_many_more

# As soon as no more than these wait, the terms are ranked anew
FEW = 10
ANSWERS = ("accept", "reject", "ignore")


class Terms:
    """Asks about terms. What takes long runs in a thread of its own.

    make (Callable): Finds the terms and makes the questions, which takes seconds.
    """

    def __init__(self, make: Callable[[], Asking]) -> None:
        self.make = make
        self.asking: Any = None
        self.busy = False
        self.finished = False  # nothing is left that is worth asking
        self.problem = ""
        self.closed = False
        self.mutex = threading.RLock()

    def close(self) -> None:
        """Let others write into the file."""
        with self.mutex:
            self.closed = True
            if self.asking:
                self.asking.close()

    def retry(self) -> None:
        """Look for terms again, after something was mended or more texts were added."""
        self.finished = False

    def show(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The questions that come next, and how things are."""
        with self.mutex:
            self._prepare()
            asking = self.asking
            return {
                "questions": self._questions() if asking else [],
                "status": self._status() if asking else "",
                "can_undo": bool(asking and asking.done),
                "busy": self.busy,
                "finished": self.finished,
                "problem": self.problem,
            }

    def answer(self, body: Dict[str, Any]) -> None:
        """Write the answer to the question that the page shows.

        body (Dict[str, Any]): The question's "place", "text" and "label", and the "answer".
        RAISES (InputError): If it is no answer, or that question is not asked now.
        """
        if body.get("answer") not in ANSWERS:
            raise InputError(f"Unknown answer {body.get('answer')!r:.40}")
        with self.mutex:
            question = self.asking.question if self.asking else None
            shown = [body.get(name) for name in ("place", "text", "label")]
            if question is None or shown != [
                self.asking.current,
                question.record["text"],
                question.record["label"],
            ]:
                raise InputError("Another question is asked by now", remedy="Look again.")
            self.asking.answer(body["answer"])

    def undo(self) -> None:
        """Take the last answer back, if there is one."""
        with self.mutex:
            if self.asking:
                self.asking.undo()

    def _status(self) -> str:
        status = str(self.asking.status())
        try:
            return f"{status}. {how_many_more(self.asking.read())}"
        except InputError:  # the file was broken meanwhile, which the next answer says
            return status

    def _questions(self) -> List[Dict[str, Any]]:
        first = self.asking.current
        return [
            {
                "place": place,
                "text": suggestion.record["text"],
                "label": suggestion.record["label"],
                "count": count_of(suggestion),
                "examples": examples_of(suggestion),
            }
            for place, suggestion in enumerate(self.asking.queue[first : first + FEW], first)
        ]

    def _prepare(self) -> None:
        """Start to find or rank terms if few are left and nobody does so already."""
        waiting = len(self.asking.queue) - self.asking.current if self.asking else 0
        if waiting <= FEW and not (self.busy or self.finished):
            self.busy = True
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        try:
            asking = self.asking or self.make()
            self.asking = asking
            waiting = len(asking.queue) - asking.current
            records = asking.rank() if waiting <= FEW else []  # the long part
            with self.mutex:
                if self.closed:
                    asking.close()
                    return
                asking.add(records)
                self.finished = waiting <= FEW and not records
                self.problem = ""
        except Exception as error:  # whatever it is, the page must say so
            self.problem = f"{error} {getattr(error, 'remedy', '')}".strip()
            self.finished = True
        finally:
            self.busy = False

"""The Texts view: open texts, marked beforehand, and the answers, new ones and those of earlier days."""

import threading
from typing import Any, Collection, Dict, List, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.tokens import Doc

from annotating.queue import Queue, worth_marking
from annotating.stages import Stages
from annotating.store import Answer, Entry, Store, key_of
from annotating.tokens import has_space_at_edge, spans_from, tokens_of
from reading.gold import Record, annotate, offsets
from shared.errors import InputError
from shared.showing import shorten

# Characters of new texts at a time: to mark long ones beforehand takes seconds
MAX_AT_ONCE = 20_000
MAX_LISTED = 100
SNIPPET = 120


class Texts:
    """Asks about texts, and about those that were answered before.

    nlp (Language): Tokenizes the texts.
    use (str): "gold" if they are to measure, "train" if they are to learn from.
    store (Store): Where the answers go.
    other (Store): What is annotated for the other use, to measure or to learn from.
    queue (Queue): The open texts.
    stages (Stages): The project's pipelines.
    prelabels (Sequence[str]): Which of them mark the texts beforehand: the first that is there.
    """

    def __init__(
        self,
        nlp: Language,
        use: str,
        store: Store,
        other: Store,
        queue: Queue,
        stages: Stages,
        prelabels: Sequence[str] = (),
    ) -> None:
        self.nlp = nlp
        self.use = use
        self.store = store
        self.other = other
        self.queue = queue
        self.stages = stages
        self.prelabels = prelabels
        self.ranked: Optional[int] = None  # when the model was made by which the texts are in order
        self.mutex = threading.RLock()

    @property
    def prelabel(self) -> str:
        """RETURNS (str): The stage that marks the texts beforehand, "" if none can."""
        there = self.stages.there()
        return next((stage for stage in self.prelabels if stage in there), "")

    def next(self, number: int, held: Collection[str]) -> List[Dict[str, Any]]:
        """RETURNS (List[Dict[str, Any]]): The next open texts but for those that the page holds."""
        with self.mutex:
            self._refresh()
            self._rank()
            tasks: List[Dict[str, Any]] = []
            size = 0
            for _, text in self.queue.next(number, held):
                size += len(text)
                if tasks and size > MAX_AT_ONCE:
                    break
                doc, by = self._prelabelled(text)
                tasks.append({**_task(doc), "by": by})
            return tasks

    def before(self, place: Optional[int]) -> Dict[str, Any]:
        """Show an answer that was given before.

        place (Optional[int]): Its place among all answers, from 0; None for the last one.
        RETURNS (Dict[str, Any]): The text, its marks, and what is said of it.
        RAISES (InputError): If there is none.
        """
        self._refresh()
        entries = self.store.entries
        place = len(entries) - 1 if place is None else place
        if not 0 <= place < len(entries):
            raise InputError("There is no answer before this one", self.store.path)
        entry = entries[place]
        doc, problems = annotate(self.nlp, Record(entry.where, entry.text, entry.spans))
        first = self.store.places[key_of(entry.text)]
        if first != place:
            line = entries[first].where.number
            problems.insert(0, f"The same text is on line {line}, and that one counts")
        return {
            **_task(doc),
            "place": place,
            "of": len(entries),
            "tag": entry.tag,
            "answer": entry.answer,
            "flagged": entry.flagged,
            "problems": problems,
        }

    def listed(self, query: str, only_flagged: bool) -> List[Dict[str, Any]]:
        """RETURNS (List[Dict[str, Any]]): The answers whose text or labels hold the query, the last
        one first, MAX_LISTED at most."""
        self._refresh()
        query = query.casefold()
        found: List[Dict[str, Any]] = []
        for place, entry in reversed(list(enumerate(self.store.entries))):
            if (entry.flagged or not only_flagged) and query in _searched(entry):
                row = {"place": place, "text": shorten(entry.text, SNIPPET), "answer": entry.answer}
                found.append({**row, "flagged": entry.flagged, "marks": len(entry.spans)})
            if len(found) == MAX_LISTED:
                break
        return found

    def save(self, body: Dict[str, Any]) -> str:
        """Write what a person says of a text.

        body (Dict[str, Any]): "key" of the text, "spans" by token numbers, "answer", "flagged",
            and "tag" if it is a text that was answered before.
        RETURNS (str): The tag of the answer.
        RAISES (InputError): If it is no answer, or can't be written now.
        """
        key, tag, answer = body.get("key"), body.get("tag"), body.get("answer")
        if answer not in ("accept", "reject"):
            raise InputError(f"Unknown answer {answer!r:.40}")
        if not isinstance(key, str) or not isinstance(tag, (str, type(None))):
            raise InputError("'key' and 'tag' must be strings")
        self._refresh()
        if key in self.other:
            remedy = "It can't be for both. Take it out of there, or skip it."
            raise InputError("The text is annotated there by now", self.other.path, remedy=remedy)
        doc = self.nlp.make_doc(self._text_of(key))
        doc.set_ents(spans_from(doc, body.get("spans")))
        said = Answer(doc.text, offsets(doc), answer, body.get("flagged") is True)
        return self.store.save(said, tag).tag

    def skip(self, key: Any) -> None:
        """Ask about a text later."""
        if isinstance(key, str) and key in self.queue.texts:
            self.queue.skipped.add(key)

    def _rank(self) -> None:
        """Put the texts first that teach most, in the background, as often as the model changes."""
        made = self.stages.made().get("model")
        if self.use != "train" or made == self.ranked:
            return
        self.ranked = made

        def work() -> None:
            waiting = self.queue.next(len(self.queue.texts))
            try:
                for keys in worth_marking(waiting, self.stages):
                    if self.ranked != made:
                        return
                    self.queue.prefer(keys)
            except InputError:  # it is being made anew: again when texts are asked for next
                self.ranked = None

        threading.Thread(target=work, daemon=True).start()

    def _refresh(self) -> None:
        self.store.refresh()
        self.other.refresh()

    def _text_of(self, key: str) -> str:
        place = self.store.places.get(key)
        text = self.queue.texts.get(key) if place is None else self.store.entries[place].text
        if text is None:
            raise InputError("The text is not among those to annotate", remedy="Reload the page.")
        return text

    def _prelabelled(self, text: str) -> Tuple[Doc, str]:
        """RETURNS (Tuple[Doc, str]): The text with its marks, and what made them, "" if none did."""
        doc = self.nlp.make_doc(text)
        stage = self.prelabel
        if stage:
            try:
                found = self.stages.find(stage, text)
            except InputError:  # it is being made anew: a text without marks will do
                return doc, ""
            # By characters, since the pipeline may cut words differently
            spans = [doc.char_span(*place) for place in offsets(found)]
            doc.set_ents([span for span in spans if span and not has_space_at_edge(span)])
        return doc, stage


def _task(doc: Doc) -> Dict[str, Any]:
    return {"key": key_of(doc.text), **tokens_of(doc)}


def _searched(entry: Entry) -> str:
    return " ".join([entry.text, *(label for _, _, label in entry.spans)]).casefold()

"""What the page shows and changes: the three views, the run, and who may write."""

import re
from itertools import islice
from pathlib import Path
from typing import Any, Dict, List, Optional

from annotating import progress
from annotating.runner import Runner
from annotating.stages import Stages
from annotating.tabs import Tabs
from annotating.terms import Terms
from annotating.texts import Texts
from measuring.marks import CONTROLS
from measuring.verdict import ending
from reading.lines import MAX_CHARACTERS, clean
from reading.texts import read_texts
from shared.errors import InputError

# Texts that are ready on the page before they are needed
N_AHEAD = 8
PAGE_SIZE = 10
GOAL = 100
# Where Markdown goes on with the same paragraph or item on the next line
SOFT_BREAK = re.compile(r"(?<=\S)\n[ \t]*(?=[^\s#>|`*+-])(?!\d+[.)] )")


class Session:
    """All that one server serves.

    labels (List[str]): The labels that have keys, in their order.
    texts (Texts): The Texts view.
    terms (Terms): The Terms view.
    stages (Stages): The pipelines to try.
    runner (Runner): Runs the workflow.
    raw (Path): The raw texts, to page through.
    guide (Optional[Path]): The annotation guide, shown as text.
    metrics (Path): The scores that evaluate wrote, may be missing.
    report (Path): The report, may be missing.
    """

    def __init__(
        self,
        *,
        labels: List[str],
        texts: Texts,
        terms: Terms,
        stages: Stages,
        runner: Runner,
        raw: Path,
        guide: Optional[Path],
        metrics: Path,
        report: Path,
    ) -> None:
        self.labels = labels
        self.texts = texts
        self.terms = terms
        self.stages = stages
        self.runner = runner
        self.raw = raw
        self.guide = guide
        self.metrics = metrics
        self.report = report
        self.tabs = Tabs()

    def close(self) -> None:
        """End what runs, and let others write into the files."""
        self.runner.stop()
        self.texts.store.lock.release()
        self.terms.close()

    def state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What the page shows before anything is asked."""
        return {
            "use": self.texts.use,
            "file": self.texts.store.path.name,
            "labels": self._labels(),
            "direction": self.texts.nlp.vocab.writing_system["direction"],
            "premarks": bool(self.texts.prelabels),
            "guide": self._guide(),
            # So that what is shown by its code is the same as in the report
            "controls": CONTROLS.pattern,
            "stages": {stage: stage in self.stages.there() for stage in self.stages.paths},
            "pages": -(-self.texts.queue.total // PAGE_SIZE),
            "has_report": self.report.is_file(),
            **self._progress(),
        }

    def next_texts(self, held: str) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Open texts, but for those whose keys the page holds."""
        keys = [key for key in held.split(",") if key]
        number = max(N_AHEAD - len(keys), 1)
        return {"texts": self.texts.next(number, keys), **self._progress()}

    def listed(self, query: Dict[str, str]) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Answers to look through."""
        return {"answers": self.texts.listed(query.get("query", ""), "flagged" in query)}

    def save(self, body: Dict[str, Any]) -> Dict[str, Any]:
        """Write the answer to a text."""
        self.tabs.check(body.get("tab"))
        return {"tag": self.texts.save(body), **self._progress()}

    def skip(self, body: Dict[str, Any]) -> None:
        """Ask about a text later."""
        self.texts.skip(body.get("key"))

    def answer_term(self, body: Dict[str, Any]) -> Dict[str, Any]:
        """Write the answer to a term; RETURNS (Dict[str, Any]): what comes next."""
        self.tabs.check(body.get("tab"))
        self.terms.answer(body)
        return self.terms.show()

    def undo_term(self, body: Dict[str, Any]) -> Dict[str, Any]:
        """Take the last answer back; RETURNS (Dict[str, Any]): what comes next."""
        self.tabs.check(body.get("tab"))
        self.terms.undo()
        return self.terms.show()

    def retry_terms(self, body: Dict[str, Any]) -> Dict[str, Any]:
        """Look for terms again; RETURNS (Dict[str, Any]): how that goes."""
        self.terms.retry()
        return self.terms.show()

    def try_text(self, body: Dict[str, Any]) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What a stage finds in a text."""
        text = body.get("text")
        if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
            raise InputError(f"A text has at most {MAX_CHARACTERS:,} characters")
        return {"parts": self._parts(body.get("stage"), clean(text))}

    def page(self, number: int, stage: Optional[str]) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What a stage finds in a page of the raw texts."""
        first = number * PAGE_SIZE
        texts = [text for _, text in islice(read_texts(self.raw), first, first + PAGE_SIZE)]
        drawn = [
            {"number": first + i, "parts": self._parts(stage, t)} for i, t in enumerate(texts, 1)
        ]
        return {"texts": drawn, "of": self.texts.queue.total}

    def show_run(self, start: int) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The output of the workflow from a character on, and its
        "ending": the score, and what it means."""
        scores = progress.read(self.metrics)
        return {**self.runner.show(start), "ending": ending(scores)[1:] if scores else []}

    def run(self, body: Dict[str, Any]) -> None:
        """Start the workflow."""
        self.tabs.check(body.get("tab"))
        self.runner.start()

    def stop(self, body: Dict[str, Any]) -> None:
        """End the workflow."""
        self.runner.stop()

    def _parts(self, stage: Any, text: str) -> List[List[str]]:
        """RETURNS (List[List[str]]): The text in parts: text, label, and the id of the rule that
        fired, the last two "" where there is none."""
        doc = self.stages.find(str(stage), text)
        parts: List[List[str]] = []
        end = 0
        for ent in doc.ents:
            parts.append([text[end : ent.start_char], "", ""])
            parts.append([ent.text, ent.label_, ent.ent_id_])
            end = ent.end_char
        return [part for part in [*parts, [text[end:], "", ""]] if part[0]]

    def _labels(self) -> List[str]:
        """RETURNS (List[str]): The labels of rules and annotated texts."""
        stores = (self.texts.store, self.texts.other)
        marked = (label for s in stores for entry in s.entries for _, _, label in entry.spans)
        return [label for label in dict.fromkeys([*self.labels, *marked]) if label.strip()]

    def _guide(self) -> str:
        try:
            text = self.guide.read_text(encoding="utf8", errors="replace") if self.guide else ""
        except OSError:
            return ""
        return SOFT_BREAK.sub(" ", text)

    def _progress(self) -> Dict[str, Any]:
        counts = progress.count(self.texts.store)
        done = counts.texts + counts.rejected
        words = progress.describe(self.texts.use, counts, self.metrics)
        return {"done": done, "goal": (done // GOAL + 1) * GOAL, "words": words}

"""Which texts are asked about, and in which order."""

import heapq
from pathlib import Path
from typing import Callable, Collection, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

from spacy.tokens import Doc
from spacy.util import minibatch

from annotating.stages import Stages
from annotating.store import key_of
from reading.splits import text_hash
from reading.texts import read_texts

# Nobody marks more in one sitting, and memory must not grow with the texts
MAX_TEXTS = 10_000
# Texts whose entities are found in one go, while the page waits for those that it shows
BATCH = 100
Skips = Callable[[str], bool]


class Waiting(NamedTuple):
    """A text that waits for an answer."""

    key: str
    text: str


class Queue:
    """The texts that are open, a random sample that is the same every time.

    texts (Path): Raw texts, a file or folder.
    is_done (Callable): Tells by a text's key whether it was answered, here or for another use.
    """

    def __init__(self, texts: Path, is_done: Skips) -> None:
        self.is_done = is_done
        self.total = 0
        self.skipped: Set[str] = set()
        chosen = heapq.nsmallest(MAX_TEXTS, self._open(texts))
        self.texts: Dict[str, str] = {}  # by key, in their order
        for _, key, text in chosen:
            self.texts.setdefault(key, text)

    def next(self, number: int, held: Collection[str] = ()) -> List[Waiting]:
        """RETURNS (List[Waiting]): The next texts but for those that the page has already. Skipped
        ones come again when all others are done."""
        waiting = [
            Waiting(key, text)
            for key, text in self.texts.items()
            if key not in held and not self.is_done(key)
        ]
        fresh = [task for task in waiting if task.key not in self.skipped]
        if not fresh and not held:
            self.skipped.clear()
            fresh = waiting
        return fresh[:number]

    def prefer(self, keys: Sequence[str]) -> None:
        """Ask about these first."""
        first = {key: self.texts[key] for key in keys}
        self.texts = {**first, **self.texts}

    def _open(self, texts: Path) -> Iterator[Tuple[bytes, str, str]]:
        """YIELDS (Tuple[bytes, str, str]): What to sort by, key and text of each open text."""
        for _, text in read_texts(texts):
            self.total += 1
            key = key_of(text)
            if text.strip() and not self.is_done(key):
                # Not the hash's first half: by that gold is split, all would be on one side
                yield text_hash(text)[8:], key, text


def worth_marking(waiting: Sequence[Waiting], stages: Stages) -> Iterator[List[str]]:
    """Tell which texts teach most: a rule matches there, and the pipeline finds something else.

    waiting (Sequence[Waiting]): Open texts.
    stages (Stages): The project's pipelines.
    YIELDS (List[str]): Keys of texts to be asked first, of BATCH texts at a time; none as long as
        nothing is trained.
    RAISES (InputError): If a pipeline goes away meanwhile, as when it is made anew.
    """
    if not {"rules", "pipeline"} <= set(stages.there()):
        return
    for batch in minibatch(waiting, BATCH):
        by_rules = stages.find_all("rules", [text for _, text in batch])
        # The pipeline, which is slow, sees no others
        matched = [(key, doc) for (key, _), doc in zip(batch, by_rules) if doc.ents]
        by_pipeline = stages.find_all("pipeline", [doc.text for _, doc in matched])
        pairs = zip(matched, by_pipeline)
        yield [key for (key, rules), pipeline in pairs if teaches(rules, pipeline)]


def teaches(by_rules: Doc, by_pipeline: Doc) -> bool:
    """Tell whether a text is worth more than one by chance: a rule matches, and the pipeline differs.

    What that is worth is measured by `spacy project run benchmark . --vars.benchmark minutes`.

    by_rules (Doc): The text as the rules see it.
    by_pipeline (Doc): The same text as the pipeline sees it.
    RETURNS (bool): Whether to ask about it first.
    """
    rules, pipeline = (
        {(ent.start, ent.end, ent.label_) for ent in doc.ents} for doc in (by_rules, by_pipeline)
    )
    return bool(rules) and rules != pipeline

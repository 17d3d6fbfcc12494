"""Which texts are asked about, and in which order."""

import heapq
from pathlib import Path
from typing import Callable, Collection, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

from spacy.util import minibatch

from annotating.stages import Stages
from annotating.store import key_of
from reading.splits import text_hash
from reading.texts import read_texts

# Nobody marks more in one sitting, and memory must not grow with the texts
MAX_TEXTS = 10_000
# Texts that the model sees in one go, while the page waits for those that it shows
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
    """Tell which texts teach most: those of which the model is least sure.

    What that is worth, and other ways, is measured by `spacy project run benchmark . --vars.benchmark
    texts`.

    waiting (Sequence[Waiting]): Open texts.
    stages (Stages): The project's pipelines.
    YIELDS (List[str]): Keys of the texts to be asked first, best first, of ever more texts; nothing as
        long as there is no model.
    RAISES (InputError): If the model goes away meanwhile, as when it is made anew.
    """
    if "model" not in stages.there():
        return
    found: List[Tuple[float, str]] = []
    for batch in minibatch(waiting, BATCH):
        values = stages.doubts([text for _, text in batch])
        found += [(value, key) for value, (key, _) in zip(values, batch) if value]
        found.sort(key=lambda pair: -pair[0])
        yield [key for _, key in found]

"""Mix new annotations with what a trained pipeline finds, so that it keeps finding it.

Teaching a model its own predictions beside new examples is called pseudo-rehearsal. Without it,
whatever the new annotations do not mark would be taught as "no entity".
"""

import math
import shutil
from collections import Counter, deque
from itertools import chain, islice
from pathlib import Path
from typing import Collection, Dict, Iterable, Iterator, List, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from tqdm import tqdm

from reading.splits import HELD_OUT, MAX_HELD_OUT, text_hash
from reading.texts import read_texts
from shared.loading import read_docs
from shared.writing import ATTRS

# A DocBin is read as a whole, so the number of texts in one bounds the memory
SHARD_SIZE = 2000
# With more copies they would be learned by heart
MAX_COPIES = 10


def write_mixed(
    base: Language,
    corpus: Path,
    rules: Language,
    rehearsal: Path,
    complete: Collection[str],
    output: Path,
    *,
    train: bool,
) -> Dict[str, int]:
    """Write corpora that have both the new annotations and what the base finds.

    Of the texts for rehearsal a hash puts a tenth into dev and a tenth into test, as convert does
    where there is no gold.

    base (Language): The trained pipeline.
    corpus (Path): The folder that convert wrote.
    rules (Language): Finds the new labels in the texts for rehearsal.
    rehearsal (Path): Raw texts like those that the base was made for. Those that are in the
        corpus, too, are passed over.
    complete (Collection[str]): Labels of which people marked every entity in the corpus' dev and
        test, so that what the base finds is not added there.
    output (Path): A new folder for test.spacy, dev.spacy and train/, a folder of shards.
    train (bool): Whether to write the last two. Else these texts are only looked through, so that
        none of them is put into test, too.
    RETURNS (Dict[str, int]): The number of "new" texts, of "rehearsal" texts, and of new
        annotations "lost" since their boundaries are within words of the base. In train the
        smaller side is repeated: "new_copies" and "rehearsal_copies" of each text.
    """
    counts: Counter = Counter(new=0, rehearsal=0, lost=0)
    progress = tqdm(desc="Mixing in what the base finds", unit=" texts", disable=None)

    def mix(docs: Iterable[Doc], kind: str, complete: Collection[str] = ()) -> Iterator[Doc]:
        for found, marked in base.pipe(((doc.text, doc) for doc in docs), as_tuples=True):
            doc, lost = mixed(found, marked, complete)
            counts.update({kind: 1, "lost": lost})
            progress.update()
            yield doc

    seen: Set[bytes] = set()
    held_out = {
        side: list(mix(_read(corpus / f"{side}.spacy", base.vocab, seen), "new", complete))
        for side in (("dev", "test") if train else ("test",))
    }
    output.mkdir(parents=True)
    paths = sorted((corpus / "train").glob("*.spacy"))
    if not train:
        paths.append(corpus / "dev.spacy")
    new = chain.from_iterable(_read(path, base.vocab, seen) for path in paths)
    aside: Dict[str, List[str]] = {"dev": [], "test": []}
    old = _put_aside(rehearsal, seen, aside)
    copies: Dict[str, int] = {}
    if train:
        sizes = {
            kind: _write_shards(mix(docs, kind), output / "train", kind)
            for kind, docs in (("new", new), ("rehearsal", rules.pipe(old)))
        }
        copies = _balance(output / "train", sizes)
    else:
        for marked in new:  # the base's tokenizer tells as much as the base, in no time
            counts["lost"] += mixed(base.make_doc(marked.text), marked)[1]
        deque(old, maxlen=0)
    for side, docs in held_out.items():
        docs.extend(mix(rules.pipe(aside[side]), "rehearsal"))
        DocBin(ATTRS, docs=docs).to_disk(output / f"{side}.spacy")
    progress.close()
    return {**counts, **{f"{kind}_copies": number for kind, number in copies.items()}}


def mixed(found: Doc, marked: Doc, complete: Collection[str] = ()) -> Tuple[Doc, int]:
    """Join two annotations of a text. Where they overlap the marked entity wins.

    If the text is marked in part only, what neither finds is left without annotation.

    found (Doc): What the base finds. The result has its words.
    marked (Doc): The new annotations.
    complete (Collection[str]): Labels that are taken from the new annotations alone.
    RETURNS (Tuple[Doc, int]): The doc, and how many new annotations do not fit its words.
    """
    words = [token.text for token in found]
    doc = Doc(found.vocab, words=words, spaces=[bool(token.whitespace_) for token in found])
    spans = [doc.char_span(ent.start_char, ent.end_char, ent.label_) for ent in marked.ents]
    kept = [span for span in spans if span is not None]
    taken = {i for ent in marked.ents for i in range(ent.start_char, ent.end_char)}
    for ent in found.ents:
        if ent.label_ not in complete and taken.isdisjoint(range(ent.start_char, ent.end_char)):
            kept.append(Span(doc, ent.start, ent.end, ent.label_))
    is_complete = marked.has_annotation("ENT_IOB", require_complete=True)
    doc.set_ents(kept, default="outside" if is_complete else "missing")
    return doc, spans.count(None)


def _read(path: Path, vocab: Vocab, seen: Set[bytes]) -> Iterator[Doc]:
    """Stream the docs of a .spacy file, and remember their texts."""
    for doc in read_docs(path, vocab):
        seen.add(text_hash(doc.text))
        yield doc


def _put_aside(path: Path, seen: Set[bytes], aside: Dict[str, List[str]]) -> Iterator[str]:
    """Stream the texts for train, and keep those for dev and test, a bounded number."""
    for _, text in read_texts(path):
        key = text_hash(text)
        if not text.strip() or key in seen:
            continue
        seen.add(key)
        fraction = int.from_bytes(key[:8], "big") / 2**64
        if fraction >= 2 * HELD_OUT:
            yield text
        else:
            side = aside["dev" if fraction < HELD_OUT else "test"]
            if len(side) < MAX_HELD_OUT:
                side.append(text)


def _balance(folder: Path, sizes: Dict[str, int]) -> Dict[str, int]:
    """Copy the shards of the smaller side, so that both have about as many tokens.

    Otherwise 600 steps see little of it: with MAX_COPIES at 1, ingredients taught to a base for
    gadgets cost that 1.9 points of F1 on people's annotations, and not 0.1; and gadgets taught to
    a base for ingredients were not learned at all, where they get an F1 of 70.3 (seed 0, the
    commands of the README with gold of the new label alone).

    RETURNS (Dict[str, int]): How many of each text there are, by side.
    """
    copies = {}
    for kind, size in sizes.items():
        number = min(math.ceil(max(sizes.values()) / size), MAX_COPIES) if size else 0
        for path in sorted(folder.glob(f"{kind}-?????.spacy")):
            for copy in range(1, number):
                shutil.copyfile(path, path.with_name(f"{path.stem}-{copy}.spacy"))
        copies[kind] = number
    return copies


def _write_shards(docs: Iterator[Doc], folder: Path, name: str) -> int:
    """RETURNS (int): The number of tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    n_tokens = 0
    for number, chunk in enumerate(iter(lambda: list(islice(docs, SHARD_SIZE)), [])):
        DocBin(ATTRS, docs=chunk).to_disk(folder / f"{name}-{number:05}.spacy")
        n_tokens += sum(map(len, chunk))
    return n_tokens

"""Terms of the raw texts that may be entities, with what the texts show of each.

That takes seconds to minutes and depends on the texts alone, so it is kept in a file: to suggest
again after some answers takes no more than reading it.
"""

import hashlib
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, NamedTuple, Tuple

import numpy as np
import spacy
from scipy import sparse
from spacy.language import Language
from tqdm import tqdm

from reading.gold import load_gold
from reading.splits import DUPLICATE, EMPTY, IN_GOLD, key_of, reserve, split
from reading.texts import read_texts
from shared.writing import staged
from suggesting.features import Occurrences, parts, shapes, spellings, vectors
from suggesting.tokens import Tokens

# To be raised when a change here, in features.py or in tokens.py makes other candidates
VERSION = 2
MAX_WORDS = 4
# Repeated words must be together this much more often than by chance (normalized PMI, -1 to 1)
MIN_COHESION = 0.1
# A word with 's behind it at nearly all of its places is half of a name, such as "Levi" of "Levi's"
MIN_POSSESSIVES, POSSESSIVE_SHARE = 3, 0.8
# The most frequent ones are kept, so that time and memory of a fit have a bound
MAX_CANDIDATES = 100_000
N_EXAMPLES = 3


class Candidates(NamedTuple):
    """One row a candidate, the most frequent first."""

    terms: List[str]  # as written most often
    forms: List[str]  # the same, a space between tokens; lower case it is the candidate's key
    counts: np.ndarray
    features: np.ndarray
    texts: sparse.csr_matrix  # candidate by text: 1 where it occurs
    parts: sparse.csr_matrix  # candidate by candidate: 1 where the first contains the second
    examples: np.ndarray  # candidate by example: number of the text (-1 for none), start, end


def load_candidates(cache: Path, nlp: Language, texts: Path, gold: Path) -> Candidates:
    """Read the candidates from their file, or find them if it is missing or of other texts.

    Texts that are among the gold records are left out: a term that is only proposed because
    it is in the test set would make the scores better than they are.

    cache (Path): The .npz file.
    nlp (Language): Tokenizes the texts.
    texts (Path): Raw texts, a file or folder.
    gold (Path): Annotated records, JSONL, may have none.
    RETURNS (Candidates): The candidates.
    RAISES (InputError): If texts or gold are not usable.
    """
    fingerprint = _fingerprint(nlp.lang or "", [texts, gold])
    try:
        with np.load(cache) as packed:
            if packed["fingerprint"].item() == fingerprint:
                return _unpack(packed)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass  # it holds nothing that can't be made again
    with staged(cache) as path:
        gold_docs, _ = load_gold(nlp, gold, skip_bad_spans=True)
        candidates = find_candidates(nlp, _numbered(texts, [doc.text for doc in gold_docs]))
        columns = {"fingerprint": np.array(fingerprint), **_pack(candidates)}
        with path.open("wb") as file:
            np.savez(file, **columns)  # type: ignore[arg-type]
    return candidates


def find_candidates(nlp: Language, texts: Iterator[Tuple[int, str]]) -> Candidates:
    """Find words and n-grams that may be entities, and count what the texts show of each.

    nlp (Language): Tokenizes the texts and knows the stop words.
    texts (Iterator[Tuple[int, str]]): The texts, each with a number.
    RETURNS (Candidates): The candidates.
    """
    tokens = Tokens(nlp, texts)
    found, cohesion = _find(tokens)
    counts = np.bincount(found.row)
    forms, terms = spellings(tokens, found)
    number = tokens.number[found.place]
    shape = (len(counts), int(tokens.number.max()) + 1)
    in_texts = sparse.csr_matrix((np.ones(len(number), "float32"), (found.row, number)), shape)
    in_texts.data[:] = 1
    return Candidates(
        terms=terms,
        forms=forms,
        counts=counts,
        features=np.hstack(
            [vectors(tokens, found, counts), shapes(tokens, found, counts, cohesion)]
        ).astype("float16"),
        texts=in_texts,
        parts=parts(forms),
        examples=_examples(tokens, found, counts),
    )


def _find(tokens: Tokens) -> Tuple[Occurrences, np.ndarray]:
    """RETURNS (Tuple[Occurrences, np.ndarray]): All occurrences, and each candidate's cohesion."""
    columns: List[Tuple[np.ndarray, ...]] = []
    n_rows = 0
    for size, place, gram, cohesion in _ngrams(tokens):
        _, row = np.unique(gram, return_inverse=True)
        columns.append((row + n_rows, place, place + size, cohesion))
        n_rows += int(row.max()) + 1 if len(row) else 0
    row, place, end, cohesion = (np.concatenate(column) for column in zip(*columns))
    # Number them anew: the most frequent first, of equally frequent ones the first in the texts
    counts, first = np.bincount(row, minlength=n_rows), np.full(n_rows, len(tokens))
    np.minimum.at(first, row, place)
    kept = np.lexsort((np.bincount(row, end - place, n_rows), first, -counts))[:MAX_CANDIDATES]
    rank = np.full(n_rows, -1)
    rank[kept] = np.arange(len(kept))
    order = np.lexsort((place, rank[row]))
    order = order[rank[row[order]] >= 0]
    row = rank[row[order]]
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    return Occurrences(row, place[order], end[order]), cohesion[order][starts]


def _ngrams(tokens: Tokens) -> Iterator[Tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """YIELDS (tuple): A size, and the places, numbers and cohesion of n-grams of that size.

    An n-gram is kept if it occurs twice and its words hold together, or if all its words have
    capitals: names are worth asking for even if they occur only once.
    """
    inner = (tokens.alnum | (tokens.joiner & ~tokens.stop)) & ~tokens.hidden
    edge = tokens.content & ~tokens.address & ~tokens.hidden
    named = ~tokens.content | tokens.capital | tokens.digit
    n_tokens = max(int(tokens.alnum.sum()), 1)
    log_p = np.log(np.maximum(np.bincount(tokens.word), 1) / n_tokens)[tokens.word]
    place = np.flatnonzero(edge)
    gram = tokens.word[place].astype("int64")
    for size in range(1, MAX_WORDS + 1):
        last = place + size - 1
        if size > 1:
            gram = np.unique(gram * len(tokens.words) + tokens.word[last], return_inverse=True)[1]
        counts = np.bincount(gram)
        span = np.stack([place + i for i in range(size)])
        is_name = named[span].all(0) & tokens.capital[span].any(0)
        has_name = np.zeros(len(counts), bool)
        has_name[gram[is_name]] = True
        log_joint = np.log(counts[gram] / n_tokens)
        chance = log_p[span].sum(0)
        cohesion = (log_joint - chance) / -np.minimum(log_joint * max(size - 1, 1), -1e-9)
        if size == 1:
            long_enough = tokens.length[place] > 1
            good = long_enough & ~tokens.number_like[place]
        else:
            attached = tokens.clitic[last] & ~tokens.space[last - 1]
            repeated = (counts[gram] > 1) & (cohesion > MIN_COHESION)
            good = (edge[last] | attached) & (repeated | has_name[gram])
            good &= ~tokens.number_like[place] | is_name
        good &= tokens.alpha[span].any(0)
        if size < MAX_WORDS:
            followed = tokens.possessive[last + 1] & ~tokens.space[last]
            n_followed = np.bincount(gram, followed)
            half = (n_followed >= MIN_POSSESSIVES) & (n_followed >= POSSESSIVE_SHARE * counts)
            good &= ~half[gram]
        yield size, place[good], gram[good], cohesion[good]
        grows = inner[last + 1] & ((counts[gram] > 1) | named[span].all(0))
        place, gram = place[grows], gram[grows]


def _examples(tokens: Tokens, found: Occurrences, counts: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): Text, start and end of a few occurrences, spread over the texts."""
    starts = np.cumsum(counts) - counts
    examples = np.full((len(counts), N_EXAMPLES, 3), -1, "int32")
    for i in range(N_EXAMPLES):
        has = counts > i
        chosen = starts[has] + (i * counts[has]) // np.minimum(counts[has], N_EXAMPLES)
        place, last = found.place[chosen], found.end[chosen] - 1
        end = tokens.offset[last] + tokens.length[last]
        examples[has, i] = np.stack([tokens.number[place], tokens.offset[place], end], 1)
    return examples


def _numbered(path: Path, gold_texts: List[str]) -> Iterator[Tuple[int, str]]:
    """Stream the texts that are neither empty, nor seen before, nor gold, with their numbers."""
    reserved = reserve(gold_texts)
    sides = split(b"".join(key_of(text, reserved) for _, text in read_texts(path)), gold_texts)
    texts = tqdm(read_texts(path), "Reading", len(sides), unit=" texts", disable=None)
    for number, (_, text) in enumerate(texts):
        if sides[number] not in (EMPTY, DUPLICATE, IN_GOLD):
            yield number, text


def _fingerprint(lang: str, paths: List[Path]) -> str:
    """RETURNS (str): A hash of all that the candidates depend on."""
    digest = hashlib.blake2b(f"{VERSION} {spacy.__version__} {lang}".encode(), digest_size=16)
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(file.name.encode("utf8", "surrogateescape"))
                with file.open("rb") as stream:
                    for chunk in iter(lambda: stream.read(2**20), b""):
                        digest.update(chunk)
    return digest.hexdigest()


def _pack(candidates: Candidates) -> Dict[str, np.ndarray]:
    """RETURNS (Dict[str, np.ndarray]): The candidates as arrays that need no pickle."""
    packed = {
        "counts": candidates.counts,
        "features": candidates.features,
        "examples": candidates.examples,
    }
    for name in ("terms", "forms"):
        text = "\n".join(getattr(candidates, name))
        packed[name] = np.frombuffer(text.encode("utf8"), "uint8")
    for name in ("texts", "parts"):
        matrix = getattr(candidates, name)
        packed[f"{name}.shape"] = np.array(matrix.shape)
        packed[f"{name}.indptr"] = matrix.indptr
        packed[f"{name}.indices"] = matrix.indices
    return packed


def _unpack(packed: Mapping[str, np.ndarray]) -> Candidates:
    def strings(name: str) -> List[str]:
        return packed[name].tobytes().decode("utf8").split("\n") if len(packed["counts"]) else []

    def matrix(name: str) -> sparse.csr_matrix:
        indices = packed[f"{name}.indices"]
        ones = np.ones(len(indices), "float32")
        parts = (ones, indices, packed[f"{name}.indptr"])
        return sparse.csr_matrix(parts, packed[f"{name}.shape"])

    return Candidates(
        terms=strings("terms"),
        forms=strings("forms"),
        counts=packed["counts"],
        features=packed["features"],
        texts=matrix("texts"),
        parts=matrix("parts"),
        examples=packed["examples"],
    )

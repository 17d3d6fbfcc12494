"""What the raw texts show of a term: how it is spelled, and what stands around it."""

from typing import List, NamedTuple, Tuple

import numpy as np
from scipy import sparse

from suggesting.tokens import Tokens

# The words to each side that a context vector sees ...
WINDOW = 3
# ... at so many occurrences; more hardly change it
MAX_OCCURRENCES = 200
N_DIMENSIONS = 100


class Occurrences(NamedTuple):
    """Candidates as places in the texts; those of one candidate lie together, in text order."""

    row: np.ndarray  # which candidate
    place: np.ndarray  # first token
    end: np.ndarray  # token after the last


def spellings(tokens: Tokens, found: Occurrences) -> Tuple[List[str], List[str]]:
    """RETURNS (Tuple[List[str], List[str]]): How each candidate is written most often: its tokens
    with a space between, and as it stands in the texts.
    """
    spelling = np.zeros(len(found.row), "uint64")
    for i in range(int((found.end - found.place).max(initial=0))):
        inside = found.place + i < found.end
        spelling[inside] *= np.uint64(1_000_003)  # a hash, and it may wrap
        spelling[inside] += tokens.orth[found.place[inside] + i].astype("uint64")
    pair = np.stack([found.row.astype("uint64"), spelling], 1)
    pairs, first, counts = np.unique(pair, axis=0, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts, pairs[:, 0]))
    best = first[order][np.flatnonzero(np.diff(pairs[order, 0], prepend=np.uint64(2**63)))]
    forms, terms = [], []
    for place, end in zip(found.place[best].tolist(), found.end[best].tolist()):
        words = [tokens.orths[i] for i in tokens.orth[place:end]]
        spaces = [" " if space else "" for space in tokens.space[place : end - 1]] + [""]
        forms.append(" ".join(words))
        terms.append("".join(word + space for word, space in zip(words, spaces)))
    return forms, terms


def parts(forms: List[str]) -> sparse.csr_matrix:
    """RETURNS (sparse.csr_matrix): 1 where the row's candidate contains the column's."""
    keys = [form.lower() for form in forms]
    number = {key: i for i, key in enumerate(keys)}
    rows, columns = [], []
    for i, key in enumerate(keys):
        words = key.split(" ")
        for size in range(1, len(words)):
            for start in range(len(words) - size + 1):
                part = number.get(" ".join(words[start : start + size]))
                if part is not None:
                    rows.append(i)
                    columns.append(part)
    ones = np.ones(len(rows), "float32")
    return sparse.csr_matrix((ones, (rows, columns)), (len(keys), len(keys)))


def shapes(
    tokens: Tokens, found: Occurrences, counts: np.ndarray, cohesion: np.ndarray
) -> np.ndarray:
    """RETURNS (np.ndarray): One column for each thing the spelling and the neighbours show."""
    place, last, end = found.place, found.end - 1, found.end
    inside = ~tokens.start[place]
    n_inside = np.bincount(found.row, inside)

    def share(flags: np.ndarray) -> np.ndarray:
        return np.bincount(found.row, flags) / counts

    def share_inside(flags: np.ndarray) -> np.ndarray:
        return np.bincount(found.row, flags & inside) / np.maximum(n_inside, 1)

    first = np.flatnonzero(np.diff(found.row, prepend=-1))
    size = (end - place)[first]
    log_count = np.log(np.maximum(np.bincount(tokens.word), 1))[tokens.word]
    title = tokens.title & ~tokens.upper
    columns = {
        "title inside sentences": share_inside(title[place]),
        "title of last word": share_inside(title[last]),
        "title at both ends": share(tokens.title[place] & tokens.title[last]),
        "only at sentence starts": n_inside == 0,
        "at sentence starts": share(tokens.start[place]),
        "upper case": share(tokens.upper[place]),
        "capital within": share(tokens.capital[place] & ~tokens.title[place]),
        "digit": share(tokens.digit[place] | tokens.digit[last]),
        "capital before": share(tokens.title[place - 1] & ~tokens.start[place]),
        "capital after": share(tokens.title[end]),
        "no word before": share(~tokens.alnum[place - 1] & (tokens.word[place - 1] > 0)),
        "no word after": share(~tokens.alnum[end]),
        "clitic": tokens.clitic[last][first],
        "length": np.log(tokens.offset[last][first] - tokens.offset[place][first] + 1.0),
        "cohesion": cohesion,
        "frequency of first word": log_count[place][first],
        "frequency of last word": log_count[last][first],
        **{f"{n} words": size == n for n in (1, 2, 3)},
    }
    return np.stack([column.astype("float32") for column in columns.values()], 1)


def vectors(tokens: Tokens, found: Occurrences, counts: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): Vectors that are close for candidates with like neighbours.

    Positive PMI of a candidate and the words around it, smoothed (Levy, Goldberg and Dagan,
    2015, "Improving Distributional Similarity with Lessons Learned from Word Embeddings"),
    reduced with the singular vectors of single words, which are the best known.
    """
    # Only needed where nothing is cached, and slow to import
    from sklearn.decomposition import TruncatedSVD

    starts = np.cumsum(counts) - counts
    kept = np.arange(len(found.row)) - starts[found.row] < MAX_OCCURRENCES
    row, place, end = found.row[kept], found.place[kept], found.end[kept]
    n_words = len(tokens.words)
    near = sparse.csr_matrix((len(counts), 2 * n_words), dtype="float32")
    for i in range(WINDOW):
        for column in (tokens.word[place - 1 - i], tokens.word[end + i] + n_words):
            inside = column % n_words > 0
            ones = np.ones(int(inside.sum()), "float32")
            near += sparse.csr_matrix((ones, (row[inside], column[inside])), near.shape)
    single = np.flatnonzero((found.end - found.place)[starts] == 1)
    p_column = np.asarray(near[single].sum(0)).ravel() ** 0.75
    p_column /= max(p_column.sum(), 1e-9)
    n_near = np.maximum(np.asarray(near.sum(1)).ravel(), 1)
    rows = np.repeat(np.arange(len(counts)), np.diff(near.indptr))
    ratio = near.data / n_near[rows] / np.maximum(p_column[near.indices], 1e-9)
    near.data = np.where(p_column[near.indices] > 0, np.log(np.maximum(ratio, 1)), 0)
    n_dimensions = min(N_DIMENSIONS, len(single) - 1, near.shape[1] - 1)
    if n_dimensions < 1 or not near[single].nnz:
        return np.zeros((len(counts), 0))
    with np.errstate(invalid="ignore"):  # a share of no variance, which nothing here reads
        model = TruncatedSVD(n_dimensions, random_state=0).fit(near[single])
    found_vectors = model.transform(near)
    return found_vectors / np.maximum(np.linalg.norm(found_vectors, axis=1, keepdims=True), 1e-9)

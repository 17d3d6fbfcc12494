"""Pretrained word vectors: where they are, whether they can be used, and what they say of a term."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import srsly
from spacy import util
from spacy.strings import StringStore
from spacy.vectors import Mode, Vectors

from shared.errors import InputError
from shared.loading import readable

# What Weasel writes for `vectors: null`
NONE = ("", "null", "none", "None")
REMEDY = (
    "Fetch them with `python -m spacy project run download`, set vars.vectors to a package or folder "
    "that has vectors (en_core_web_md, or what `spacy init vectors` wrote), or to null for none."
)
# Architectures of tok2vec that can read vectors
EMBEDDERS = ("spacy.MultiHashEmbed", "spacy.CharacterEmbed")


class Source(NamedTuple):
    """Vectors in a folder."""

    name: str  # of the package or folder, as typed
    path: Path
    lang: str
    n_vectors: int
    width: int

    def __str__(self) -> str:
        return f"{self.n_vectors:,} vectors of {self.width} dimensions ({self.name})"


def find_vectors(name: Optional[str], lang: str) -> Optional[Source]:
    """Look for a pipeline's vectors, without loading them.

    name (Optional[str]): A package or a folder. None, "" and "null" are for none.
    lang (str): The language of the project.
    RETURNS (Optional[Source]): Where they are and what they are, None if none are wanted.
    RAISES (InputError): If there is no such package or folder, or it has no vectors that can be
        used.
    """
    if name is None or name in NONE:
        return None
    path = find_pipeline(name)
    if path is None:
        raise InputError(f"No package and no folder '{name}'", remedy=REMEDY)
    with readable(path, REMEDY):
        meta = srsly.read_json(path / "meta.json")
        size = meta.get("vectors") or {}
        found = Source(
            name,
            path,
            str(meta["lang"]),
            int(size.get("vectors", 0)),
            int(size.get("width", 0)),
        )
    if not found.n_vectors or not found.width:
        raise InputError(f"'{name}' has no vectors", path, remedy=REMEDY)
    if found.lang != lang:
        raise InputError(
            f"The vectors are for the language '{found.lang}', the project for '{lang}'",
            path,
            remedy="Set vars.vectors to some for the same language, or vars.lang to theirs.",
        )
    return found


def find_pipeline(name: str) -> Optional[Path]:
    """RETURNS (Optional[Path]): The folder of an installed package or the folder of this name,
    None if there is neither."""
    if Path(name).is_dir():
        return Path(name)
    if not util.is_package(name):
        return None
    folder = util.get_package_path(name)
    with readable(folder, "Is it a pipeline of spaCy? If so, install the package anew."):
        meta = util.get_model_meta(folder)
        return folder / f"{meta['lang']}_{meta['name']}-{meta['version']}"


def use_vectors(config: Dict[str, Any], vectors: Source, path: Path) -> None:
    """Let training read vectors: spaCy ignores them unless tok2vec asks for them.

    config (Dict[str, Any]): The training config, which is changed.
    vectors (Source): The vectors.
    path (Path): The config's file, to name it.
    RAISES (InputError): If nothing in the config can read vectors.
    """
    embedders = list(_embedders(config["components"]))
    if not embedders:
        raise InputError(
            f"Nothing in it reads vectors, which vars.vectors sets to '{vectors.name}'",
            path,
            remedy="Set vars.vectors to null, or give it a tok2vec with "
            f"{' or '.join(EMBEDDERS)}, as configs/ner.cfg has.",
        )
    for section in embedders:
        section["include_static_vectors"] = True
    config["initialize"]["vectors"] = vectors.name


def _embedders(section: Any) -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): The sections, at any depth, of layers that can read vectors."""
    if not isinstance(section, dict):
        return []
    own = str(section.get("@architectures", "")).startswith(EMBEDDERS)
    return [*([section] if own else []), *(e for v in section.values() for e in _embedders(v))]


def load_table(vectors: Source) -> Vectors:
    """RETURNS (Vectors): The bare table, without the pipeline around it."""
    # The words it has are found by their hashes; to load the words themselves takes four times as long
    with readable(vectors.path, REMEDY):
        table = Vectors(strings=StringStore()).from_disk(
            vectors.path / "vocab", exclude=["strings"]
        )
    return table


def mean_vectors(vectors: Source, terms: List[str]) -> Tuple[np.ndarray, np.ndarray]:
    """Average the vectors of each term's words.

    vectors (Source): The vectors.
    terms (List[str]): Terms, a space between words.
    RETURNS (Tuple[np.ndarray, np.ndarray]): A row of unit length for each term, and which terms
        have a word with a vector; the rows of others are zero.
    """
    table = load_table(vectors)
    hashes = StringStore()
    rows: Dict[str, Optional[np.ndarray]] = {}
    means = np.zeros((len(terms), vectors.width), "float32")
    for number, term in enumerate(terms):
        for word in term.split(" "):
            if word not in rows:
                rows[word] = _vector(table, hashes, word)
            if rows[word] is not None:
                means[number] += rows[word]
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return means / np.maximum(lengths, 1e-9), lengths[:, 0] > 0


def _vector(table: Vectors, strings: StringStore, word: str) -> Optional[np.ndarray]:
    """RETURNS (Optional[np.ndarray]): A word's vector, or that of its lower case, if it has one."""
    for form in (word, word.lower()):
        key = strings.add(form)
        if table.mode == Mode.floret:
            return table.get_batch([form])[0]
        # Asked for a word that it does not have, get_batch gives some other word's vector
        row = int(table.find(key=key))
        if row >= 0:
            return table.data[row]
    return None

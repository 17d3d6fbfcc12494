"""What other commands made, read again: pipelines, corpora, JSON. What is damaged is named."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from shared.errors import InputError
from shared.showing import printable, shorten

MAX_DETAILS = 200


def reason(error: BaseException) -> str:
    """RETURNS (str): What an error of a library says, on one line of bounded length."""
    return shorten(printable(str(error)) or type(error).__name__, MAX_DETAILS)


@contextmanager
def readable(path: Path, remedy: str) -> Iterator[None]:
    """Say that a file is damaged, whatever a library raises while it reads it.

    path (Path): The file or folder.
    remedy (str): How to make it anew.
    RAISES (InputError): In place of any error but that it can't be opened.
    """
    try:
        yield
    except (InputError, IsADirectoryError, PermissionError):
        raise
    except FileNotFoundError:
        raise InputError("It is not there", path, remedy=remedy) from None
    except Exception as error:  # of many types, from unpacking what is something else
        raise InputError(
            f"Damaged, or something else ({reason(error)})", path, remedy=remedy
        ) from None


def load_pipeline(path: Path, remedy: str = "Make it with the workflow all.") -> Language:
    """RETURNS (Language): The pipeline in a folder, or an InputError that says what to do."""
    with readable(path, remedy):
        return spacy.load(path)


def read_docs(path: Path, vocab: Vocab, remedy: str = "Run convert again.") -> List[Doc]:
    """RETURNS (List[Doc]): The docs of a .spacy file, or an InputError that says what to do."""
    with readable(path, remedy):
        return list(DocBin().from_disk(path).get_docs(vocab))


def read_json(path: Path, remedy: str = "Run convert again.") -> Any:
    """RETURNS (Any): The content of a JSON file, or an InputError that says what to do."""
    with readable(path, remedy):
        return srsly.read_json(path)

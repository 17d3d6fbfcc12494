"""The raw texts as columns of numbers, a few bytes a token, so that counting is fast and small."""

from typing import Callable, Iterable, List, Tuple

import numpy as np
from spacy.attrs import LENGTH, LOWER, ORTH, SPACY
from spacy.language import Language
from spacy.lexeme import Lexeme
from spacy.pipeline import Sentencizer

# Empty places before, between and after the texts, so that no n-gram or window leaves its text
PADDING = 8
SENTENCE_ENDS = frozenset(Sentencizer.default_punct_chars)
# Punctuation that can hold the words of a name together
JOINERS = frozenset("-–&+/'’.")
APOSTROPHES = ("'", "’")
POSSESSIVES = frozenset(f"{apostrophe}s" for apostrophe in APOSTROPHES)


class Tokens:
    """All tokens of many texts, one column a property. Places between texts have word 0.

    nlp (Language): Tokenizes the texts.
    texts (Iterable[Tuple[int, str]]): The texts, each with its number.
    """

    def __init__(self, nlp: Language, texts: Iterable[Tuple[int, str]]) -> None:
        gap = np.zeros((PADDING, 4), "uint64")
        chunks: List[np.ndarray] = [gap]
        numbers: List[np.ndarray] = [np.zeros(PADDING, "int32")]
        offsets: List[np.ndarray] = [np.zeros(PADDING, "int32")]
        for number, text in texts:
            rows = nlp.make_doc(text).to_array([ORTH, LOWER, SPACY, LENGTH])
            ends = np.cumsum(rows[:, 2:].sum(1)).astype("int32")
            chunks += [rows, gap]
            numbers.append(np.full(len(rows) + PADDING, number, "int32"))
            offsets.append(np.concatenate([[0], ends, np.zeros(PADDING - 1)]).astype("int32"))
        rows = np.concatenate(chunks)
        self.number = np.concatenate(numbers)
        self.offset = np.concatenate(offsets)
        self.space = rows[:, 2].astype(bool)
        self.length = rows[:, 3].astype("int32")
        hashes, self.orth = _unique(rows[:, 0])
        lowers, self.word = _unique(rows[:, 1])
        lexemes = [nlp.vocab[int(key)] for key in hashes[1:]]
        self.orths = ["", *(lexeme.text for lexeme in lexemes)]
        self.words = ["", *(nlp.vocab.strings[int(key)] for key in lowers[1:])]
        self._add_flags(nlp, lexemes)

    def __len__(self) -> int:
        return len(self.word)

    def _add_flags(self, nlp: Language, lexemes: List[Lexeme]) -> None:
        def flag(test: Callable[[Lexeme], bool]) -> np.ndarray:
            return np.array([False, *(bool(test(lexeme)) for lexeme in lexemes)])[self.orth]

        def is_clitic(lexeme: Lexeme) -> bool:
            return lexeme.text.startswith(APOSTROPHES) and lexeme.text[1:].isalpha()

        stop_words = nlp.Defaults.stop_words
        self.alnum = flag(lambda lexeme: any(char.isalnum() for char in lexeme.text))
        self.alpha = flag(lambda lexeme: any(char.isalpha() for char in lexeme.text))
        self.digit = flag(lambda lexeme: any(char.isdigit() for char in lexeme.text))
        self.capital = flag(lambda lexeme: any(char.isupper() for char in lexeme.text))
        self.title = flag(lambda lexeme: lexeme.text[0].isupper())
        self.upper = flag(lambda lexeme: len(lexeme.text) > 1 and lexeme.is_upper)
        self.joiner = flag(lambda lexeme: lexeme.text in JOINERS)
        # With a space behind it, a full stop ends a sentence
        self.stop = flag(lambda lexeme: lexeme.text == ".") & self.space
        self.clitic = flag(is_clitic)
        self.possessive = flag(lambda lexeme: lexeme.lower_ in POSSESSIVES)
        content = flag(lambda lexeme: lexeme.lower_ not in stop_words)
        self.content = content & self.alnum & ~self.clitic
        self.number_like = flag(lambda lexeme: lexeme.like_num)
        self.address = flag(lambda lexeme: lexeme.like_url or lexeme.like_email)
        # Control characters and the like, which no person can judge
        self.hidden = flag(lambda lexeme: not lexeme.text.isprintable())
        opening = flag(
            lambda lexeme: (
                lexeme.text in SENTENCE_ENDS
                or lexeme.is_left_punct
                or lexeme.is_quote
                or "\n" in lexeme.text
            )
        )
        # Where a capital says nothing. What is no word, such as a bullet, passes it on.
        self.start = np.zeros(len(self), bool)
        self.start[1:] = (opening | (self.word == 0))[:-1]
        for _ in range(2):
            self.start[1:] |= self.start[:-1] & ~self.alnum[:-1]


def _unique(column: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """RETURNS (Tuple[np.ndarray, np.ndarray]): The values, 0 first, and the one of each place."""
    values, inverse = np.unique(column, return_inverse=True)
    return values, inverse.astype("int32")

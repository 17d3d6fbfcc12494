"""Propose terms of the raw texts that may be entities, for a person to accept or reject."""

from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

import numpy as np
from spacy.language import Language

from reading.lines import append_records
from reading.patterns import read_rules
from reading.suggestions import Suggestion, lower_words, read_answers
from reading.texts import read_texts
from shared.vectors import Source, mean_vectors
from suggesting.candidates import Candidates
from suggesting.matches import RuleMatches, whole_matches
from suggesting.ranking import TermVectors, order, score

# Below it hardly anybody says yes
MIN_SCORE = 0.02
# Matches of a label below which more rules are worth more than answers, see FEW_REMEDY in suggest.py
FEW_MATCHES = 100
# Characters around a term, so that an example fits a line of a terminal
EXAMPLE_WIDTH = 72
# Candidates that are looked up in the texts at a time, to read these only once or twice
CHUNK = 50
# A term that rules cover in so many texts is taken to add nothing in any
MAX_TEXTS = 200


class Suggester:
    """Proposes the candidates that are most worth a question, given the answers so far.

    It does not ask the trained model. Of what that finds and the rules do not, the simulated
    person of the benchmark accepts hardly anything: 1 of 24 terms on food, none of 2 on fashion,
    and after 200 answers 1 of 31 and 1 of 7, while it accepts 17, 11, 4 and 6 of the 25 that are
    proposed here. As a feature of the ranking the model's finds harm (26 instead of 41 accepted
    of 200, fashion). Nor does it ask about the rules' own terms: to drop those which that person
    rejects costs 4.4 points of F1 on food and 1.2 on fashion.

    Nor does it propose what adds nothing: a term that only stands in what rules match, or across an
    edge of that. Of the first 200 on fashion 7 were such, and that person rejected all of them.

    nlp (Language): Tokenizes rules, terms and texts.
    candidates (Candidates): All candidates.
    patterns (Path): Match patterns, JSONL. Each of their labels gets its share of suggestions.
    texts (Path): The raw texts that the candidates are from, for examples.
    seed (int): Seed of the ranking.
    vectors (Optional[Source]): Pretrained vectors, which the ranking asks, too.
    marked (Sequence[Dict[str, Any]]): Terms that people marked in texts, from `read_marked`. They are as
        good as accepted.
    """

    def __init__(
        self,
        nlp: Language,
        candidates: Candidates,
        patterns: Path,
        texts: Path,
        seed: int = 0,
        vectors: Optional[Source] = None,
        marked: Sequence[Dict[str, Any]] = (),
    ) -> None:
        self.nlp = nlp
        self.candidates = candidates
        self.texts = texts
        self.seed = seed
        self.vectors = TermVectors(*mean_vectors(vectors, candidates.forms)) if vectors else None
        self.rules = read_rules(nlp, patterns)
        # A label that no pattern has is not asked about
        labels = {rule["label"] for rule in self.rules}
        self.rules += [rule for rule in marked if rule["label"] in labels]
        self.known = whole_matches(nlp, candidates.forms, self.rules)
        self.labels = list(self.known)
        self.numbers = {form.lower(): i for i, form in enumerate(candidates.forms)}

    def add(self, path: Path, limit: int) -> List[Dict[str, Any]]:
        """Write the next suggestions behind those that are in the file.

        path (Path): The suggestions, JSONL. Made if it is missing.
        limit (int): How many to add, fewer if fewer are worth asking.
        RETURNS (List[Dict[str, Any]]): What was added.
        """
        answers = read_answers(self.nlp, path, self.labels)
        records = self.propose(answers, limit)
        append_records(path, records)
        return records

    def few_matches(self, answers: Sequence[Suggestion]) -> Dict[str, int]:
        """Look for labels that have too few matches in the raw texts to learn from.

        answers (Sequence[Suggestion]): The answers so far: accepted terms match, too.
        RETURNS (Dict[str, int]): The numbers of matches of these labels, all under FEW_MATCHES.
        """
        kept = set(self.candidates.texts.indices.tolist())
        texts = (text for number, (_, text) in enumerate(read_texts(self.texts)) if number in kept)
        counts = self._matches(answers).count(texts, self.labels, FEW_MATCHES)
        return {label: counts[label] for label in self.labels if counts[label] < FEW_MATCHES}

    def propose(self, answers: Sequence[Suggestion], limit: int) -> List[Dict[str, Any]]:
        """RETURNS (List[Dict[str, Any]]): The next suggestions, those that are probable and
        frequent first. The labels take turns."""
        chosen: List[Tuple[int, str, float]] = []
        taken: Set[int] = set()
        matches = self._matches(answers)
        turns = {label: self._ranked(label, answers, taken, matches) for label in self.labels}
        while turns and len(chosen) < limit:
            for label, ranked in list(turns.items())[: limit - len(chosen)]:
                best = next(ranked, None)
                if best is None:
                    del turns[label]
                else:
                    chosen.append((best[0], label, best[1]))
                    taken.add(best[0])
        chosen.sort(key=lambda choice: -choice[2])  # the order that a person sees and is asked in
        examples = self._examples([number for number, _, _ in chosen])
        return [
            {
                "text": self.candidates.terms[number],
                "label": label,
                "score": round(probability, 3),
                "count": int(self.candidates.counts[number]),
                "examples": examples[number],
                "answer": None,
            }
            for number, label, probability in chosen
        ]

    def _ranked(
        self,
        label: str,
        answers: Sequence[Suggestion],
        taken: Set[int],
        matches: RuleMatches,
    ) -> Iterator[Tuple[int, float]]:
        """YIELDS (Tuple[int, float]): Candidates for a label and their scores, best first."""
        n_candidates = len(self.candidates.terms)
        yes, no, closed = (np.zeros(n_candidates, bool) for _ in range(3))
        for known_label, known in self.known.items():
            (yes if known_label == label else no)[known] = True
            closed |= known
        for suggestion in answers:
            number = self.numbers.get(suggestion.key[1])
            if number is None:  # the texts have changed, the answer is still good
                continue
            own = suggestion.record["label"] == label
            if suggestion.answer == "accept":
                (yes if own else no)[number] = True
            elif suggestion.answer == "reject" and own:
                no[number] = True
            # Only what is none of one label may still be one of another
            closed[number] |= own or suggestion.answer != "reject"
        if not yes.any():
            return  # nothing to compare with
        scores = score(self.candidates, yes, no & ~yes, self.seed, self.vectors)
        scores[closed] = 0
        ranked = iter(order(self.candidates, scores).tolist())
        worth = takewhile(lambda number: scores[number] >= MIN_SCORE, ranked)
        while chunk := list(islice(worth, CHUNK)):
            adding = self._adding(filter(self._is_found_by_rule, chunk), matches)
            for number in chunk:
                if number in adding and number not in taken:
                    yield number, float(scores[number])

    def _matches(self, answers: Sequence[Suggestion]) -> RuleMatches:
        """RETURNS (RuleMatches): What patterns and accepted terms find."""
        accepted = [
            {
                "label": suggestion.record["label"],
                "pattern": [{"LOWER": word} for word in suggestion.words],
            }
            for suggestion in answers
            if suggestion.answer == "accept"
        ]
        return RuleMatches(self.nlp, [*self.rules, *accepted])

    def _adding(self, numbers: Iterable[int], matches: RuleMatches) -> Set[int]:
        """RETURNS (Set[int]): Those of the candidates that add something to the matches."""
        rows = self.candidates.texts
        places = {
            number: rows.indices[rows.indptr[number] : rows.indptr[number + 1]][:MAX_TEXTS].tolist()
            for number in numbers
        }
        texts = self._read({text for found in places.values() for text in found})
        words = {number: self.candidates.forms[number].lower().split(" ") for number in places}
        return matches.adding(
            {number: (words[number], [texts[i] for i in found]) for number, found in places.items()}
        )

    def _is_found_by_rule(self, number: int) -> bool:
        """RETURNS (bool): Whether the term alone has the tokens that it has in the texts."""
        words = lower_words(self.nlp, self.candidates.terms[number])
        return words == self.candidates.forms[number].lower().split(" ")

    def _examples(self, numbers: Sequence[int]) -> Dict[int, List[str]]:
        """RETURNS (Dict[int, List[str]]): A few places in the texts for each candidate."""
        places = self.candidates.examples[list(numbers)].tolist() if numbers else []
        wanted = {text for rows in places for text, _, _ in rows}
        found = self._read(wanted)
        return {
            number: [_snippet(found[text], start, end) for text, start, end in rows if text >= 0]
            for number, rows in zip(numbers, places)
        }

    def _read(self, numbers: Set[int]) -> Dict[int, str]:
        """RETURNS (Dict[int, str]): The raw texts with these numbers."""
        texts = islice(read_texts(self.texts), max(numbers, default=-1) + 1)
        return {number: text for number, (_, text) in enumerate(texts) if number in numbers}


def labels_of(nlp: Language, patterns: Path) -> List[str]:
    """RETURNS (List[str]): The labels of the patterns in the order of first use."""
    return list(dict.fromkeys(rule["label"] for rule in read_rules(nlp, patterns)))


def _snippet(text: str, start: int, end: int) -> str:
    """RETURNS (str): The place in the text with some characters to each side, on one line."""
    margin = max((EXAMPLE_WIDTH - (end - start)) // 2, 10)
    left, right = text[max(start - margin, 0) : start], text[end : end + margin]
    if start > margin:
        left = "…" + left
    if end + margin < len(text):
        right += "…"
    return " ".join(f"{left}{text[start:end]}{right}".split())

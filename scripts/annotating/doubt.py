"""How unsure the model is of a text."""

from typing import Any, List, Sequence

from spacy.language import Language

# How many readings of a text are compared, and the least share of the best one's score that counts
WIDTH, DENSITY = 8, 0.0001


def doubts(nlp: Language, texts: Sequence[str]) -> List[float]:
    """Tell how unsure a model is of each text, to ask a person about those first.

    The doubt is the sum of p (1 - p) over all spans that its beam finds, where p is the share of the
    beam that has the span: 0 where it sees one reading, more with each span that may or may not be one
    (uncertainty sampling, Lewis and Gale 1994, "A Sequential Algorithm for Training Text Classifiers";
    `EntityRecognizer.beam_parse` and `scored_ents`, spacy.io/api/entityrecognizer).

    nlp (Language): The model, with an entity recognizer "ner".
    texts (Sequence[str]): The texts.
    RETURNS (List[float]): The doubt, for each text.
    """
    ner: Any = nlp.get_pipe("ner")
    with nlp.select_pipes(disable="ner"):
        docs = list(nlp.pipe(texts))
    beams = ner.beam_parse(docs, beam_width=WIDTH, beam_density=DENSITY)
    return [sum(p * (1 - p) for p in spans.values()) for spans in ner.scored_ents(beams)]

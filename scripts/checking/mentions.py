"""Where forms that people annotated somewhere stand in their texts, annotated or not."""

from typing import List, NamedTuple, Tuple

from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from checking.findings import Place, span_place
from reading.lines import Line


class Mention(NamedTuple):
    """A place in an annotated text where a form stands that is annotated somewhere."""

    text: int  # number of the text
    where: Line
    span: Span
    form: str
    label: str  # "" if it is not annotated here


def mentions(texts: List[Tuple[Line, Doc]]) -> List[Mention]:
    """Find all mentions of the forms that are annotated somewhere.

    texts (List[Tuple[Line, Doc]]): Docs with entities, and where they are.
    RETURNS (List[Mention]): The entities, and what has the form of one, case aside, and does
        not overlap with any. Of overlapping ones the longest.
    """
    ents = [ent for _, doc in texts for ent in doc.ents]
    if not ents:
        return []
    matcher = PhraseMatcher(ents[0].vocab, attr="LOWER")
    forms = {form_of(ent): ent for ent in ents}
    matcher.add("FORM", [ent.as_doc() for ent in forms.values()])
    result = []
    for i, (where, doc) in enumerate(texts):
        result += [Mention(i, where, ent, form_of(ent), ent.label_) for ent in doc.ents]
        free = [span for span in matcher(doc, as_spans=True) if not span.ents and _is_free(span)]
        result += [Mention(i, where, span, form_of(span), "") for span in filter_spans(free)]
    return result


def _is_free(span: Span) -> bool:
    return not any(token.ent_type for token in span)


def form_of(span: Span) -> str:
    """RETURNS (str): The words of a span in lower case."""
    return " ".join(token.lower_ for token in span)


def mention_place(mention: Mention) -> Place:
    """RETURNS (Place): The record, and how the mention is annotated."""
    return span_place(mention.where, mention.span, mention.label or "not marked")

"""The pipeline that an update starts from: load it, look at it, put a recognizer into it."""

import warnings
from pathlib import Path
from typing import List, Set

import numpy as np
import spacy
from spacy.language import Language
from spacy.pipeline import EntityRecognizer, EntityRuler, SpanRuler

from shared.errors import InputError
from shared.loading import reason
from shared.vectors import Source, load_table

MODES = ("replace", "second", "mix")


def load_base(base: str, work: Path) -> Language:
    """RETURNS (Language): The trained pipeline, or an InputError that says why it can't be had."""
    if work.resolve() in [Path(base).resolve(), *Path(base).resolve().parents]:
        raise InputError(
            f"The base pipeline '{base}' is in {work}, which every update empties",
            remedy="Move it to another place.",
        )
    try:
        return spacy.load(base)
    except Exception as error:  # of any type, since any installed package can be named
        raise InputError(
            f"Can't load the base pipeline '{base}': {reason(error)}",
            remedy="Set vars.base_pipeline to a folder, or to a package that is installed "
            "(python -m spacy download en_core_web_sm).",
        ) from None


def check_base(nlp: Language, rules: Language, mode: str) -> None:
    """Raise an InputError if the base has another language than the rules, or can't be taught."""
    if nlp.lang != rules.lang:
        raise InputError(
            f"The base pipeline is for the language '{nlp.lang}', the rules are for '{rules.lang}'",
            remedy="Set vars.lang to the base's language.",
        )
    if mode == "mix" and len(recognizers(nlp)) != 1:
        raise InputError(
            f"The base pipeline has {len(recognizers(nlp))} entity recognizers, and "
            "update_mode mix teaches exactly one",
            remedy="Leave vars.update_mode at replace, which adds one.",
        )


def check_vectors(nlp: Language, base: str, vectors: Source) -> None:
    """Raise an InputError unless the base has these vectors: a pipeline has one table for all."""
    table, own = load_table(vectors), nlp.vocab.vectors
    if table.key2row != own.key2row or not np.array_equal(table.data, own.data):
        raise InputError(
            f"The base pipeline '{base}' has other vectors than '{vectors.name}', and a pipeline "
            "has one table of vectors",
            remedy="Set vars.vectors to null, or to the base if that has vectors.",
        )


def recognizers(nlp: Language) -> List[str]:
    """RETURNS (List[str]): The names of the trained entity recognizers."""
    return [name for name, pipe in nlp.pipeline if isinstance(pipe, EntityRecognizer)]


def entity_labels(nlp: Language) -> Set[str]:
    """RETURNS (Set[str]): The labels of recognizers and rules."""
    pipes = [pipe for _, pipe in nlp.pipeline]
    found = [p for p in pipes if isinstance(p, (EntityRecognizer, EntityRuler, SpanRuler))]
    return {label for pipe in found for label in pipe.labels}


def combine(nlp: Language, model: Language, rules: Language, mode: str) -> None:
    """Put the trained recognizer into the base, all of whose other components stay as they are.

    A recognizer never changes what an earlier one found.

    nlp (Language): The base, which is changed.
    model (Language): The pipeline with the trained recognizer.
    rules (Language): The rules, which follow the recognizer, but for "mix": there they can't be
        told from what the base knows.
    mode (str): "mix" puts the recognizer in the place of the base's own; "second" after the last
        one and "replace" before the first one.
    """
    (trained,) = recognizers(model)
    for name, pipe in model.pipeline:
        if trained in getattr(pipe, "listening_components", []):
            model.replace_listeners(name, trained, ["model.tok2vec"])
    own = recognizers(nlp)
    place = nlp.component_names.index(own[0]) if own else len(nlp.component_names)
    name = own[0] if mode == "mix" else _unused_name(nlp, trained)
    if mode == "mix":
        # Whatever nothing but the recognizer listened to would run for nothing
        listened = {n: getattr(pipe, "listening_components", []) for n, pipe in nlp.pipeline}
        for upstream in [n for n, listening in listened.items() if listening == [name]]:
            nlp.remove_pipe(upstream)
            place -= 1
        nlp.remove_pipe(name)
    elif mode == "second" and own:
        place = nlp.component_names.index(own[-1]) + 1
    following = nlp.component_names[place:]
    with warnings.catch_warnings():
        if not len(model.vocab.vectors):
            # It was trained without vectors, so those of the base do not matter
            warnings.filterwarnings("ignore", message=r"\[W113\]")
        before = following[0] if following else None
        nlp.add_pipe(trained, name=name, source=model, before=before)
    if mode != "mix":
        _add_rules(nlp, rules, name, gives_way=mode == "second")


def _add_rules(nlp: Language, rules: Language, after: str, gives_way: bool) -> None:
    """Add the rules after a component, so that they change no entity or only if theirs is longer."""
    [(name, ruler)] = rules.pipeline
    config = dict(rules.get_pipe_config(name))
    if gives_way:
        config["ents_filter"] = {"@misc": "spacy.prioritize_existing_ents_filter.v1"}
    factory, new = config.pop("factory"), _unused_name(nlp, name)
    added = nlp.add_pipe(factory, name=new, config=config, after=after)
    added.add_patterns(ruler.patterns)  # type: ignore[attr-defined]


def _unused_name(nlp: Language, name: str) -> str:
    names = [name, *(f"{name}_{number}" for number in range(2, len(nlp.component_names) + 3))]
    return next(name for name in names if name not in nlp.component_names)

"""A base pipeline as spaCy's own ones are laid out, and data that teaches it a new label."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import List, Tuple

import numpy
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from helpers.running import ROOT, write_jsonl
from labelling.corpus import convert
from shared.training import Training, train

STEPS = 50  # of training
GADGETS = ["pixel", "galaxy", "kindle", "fitbit", "iphone"]
FRUITS = ["apple", "mango", "cherry", "papaya", "banana"]
FRAMES = ["my {} is on the desk", "i lost a {} again", "where is the {} now", "we sold one {} here"]
NEW_FRAMES = ["she ate a {} at noon", "peel the {} and cut it", "this {} tastes sweet to me"]
PATTERNS = [{"label": "FRUIT", "pattern": word} for word in FRUITS]


def old_texts(words: List[str] = GADGETS, frames: List[str] = FRAMES, n: int = 10) -> List[str]:
    """RETURNS (List[str]): Texts, all different, with one of the words each."""
    return [f"{f.format(word)} {i}" for i in range(n) for f in frames for word in words]


def make_base(folder: Path, lang: str = "en") -> Path:
    """Train tagger, parser and recognizer on one shared tok2vec, with vectors; RETURNS the folder."""
    fix_random_seed(0)
    nlp = spacy.blank(lang)
    rng = numpy.random.default_rng(0)
    for word in [*GADGETS, *FRUITS, "my", "the", "a"]:
        nlp.vocab.set_vector(word, rng.normal(size=8).astype("float32"))
    embed = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 32,
        "attrs": ["NORM", "PREFIX"],
        "rows": [500, 200],
        "include_static_vectors": True,
    }
    encode = {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 32,
        "depth": 1,
        "window_size": 1,
        "maxout_pieces": 2,
    }
    model = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    nlp.add_pipe("tok2vec", config={"model": model})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
    for name in ("tagger", "parser", "ner"):
        nlp.add_pipe(name, config={"model": {"tok2vec": listener}})
    # So that it matters whose tokenizer is used
    nlp.tokenizer.add_special_case("desk", [{"ORTH": "de"}, {"ORTH": "sk"}])
    fruits = old_texts(FRUITS, NEW_FRAMES, 4)  # no entities to the base
    examples = [_example(nlp, text) for text in [*old_texts(n=4), *fruits]]
    optimizer = nlp.initialize(lambda: examples)
    random.seed(0)
    for _ in range(12):
        random.shuffle(examples)
        for batch in spacy.util.minibatch(examples, 16):
            nlp.update(batch, sgd=optimizer)
    nlp.to_disk(folder)
    return folder


def _example(nlp: Language, text: str) -> Example:
    doc = nlp.make_doc(text)
    at = next(i for i, token in enumerate(doc) if token.text in [*GADGETS, *FRUITS])
    gadget = doc[at].text in GADGETS
    annotations = {
        "tags": ["N" if i == at else "D" if i < at else "X" for i in range(len(doc))],
        "heads": [at] * len(doc),
        "deps": ["ROOT" if i == at else "dep" for i in range(len(doc))],
        "entities": [(doc[at].idx, doc[at].idx + len(doc[at]), "GADGET")] if gadget else [],
    }
    return Example.from_dict(doc, annotations)


def found(pipeline: Path, text: str) -> List[Tuple[str, str]]:
    """RETURNS (List[Tuple[str, str]]): The entities that a pipeline finds, and their labels."""
    return [(ent.text, ent.label_) for ent in spacy.load(pipeline)(text).ents]


def converted(folder: Path, **options) -> SimpleNamespace:
    """RETURNS (SimpleNamespace): The paths of `inputs`, and of what convert made of them."""
    paths = inputs(folder, **options)
    corpus, rules = folder / "corpus", folder / "rules"
    names = ("texts", "patterns", "gold", "suggestions")
    convert(*(paths[name] for name in names), corpus, rules)
    return SimpleNamespace(corpus=corpus, rules=rules, folder=folder, **paths)


def inputs(folder: Path, patterns=PATTERNS, gold=()) -> dict:
    """Write what convert reads, with new texts; RETURNS the paths by name."""
    files = {
        "texts": [{"text": text} for text in old_texts(FRUITS, NEW_FRAMES, 12)],
        "patterns": patterns,
        "gold": gold,
        "suggestions": [],
        "rehearsal": [{"text": text} for text in old_texts()],
    }
    folder.mkdir(parents=True, exist_ok=True)
    return {name: write_jsonl(folder / f"{name}.jsonl", list(f)) for name, f in files.items()}


def train_further(
    nlp: Language, corpus: Path, output: Path, labels: List[str], max_steps: int
) -> None:
    """Train a pipeline's recognizer on new annotations alone, which update never does."""
    own = {"nlp.lang": nlp.lang, "paths.base": str(nlp.path), "components.ner.component": "ner"}
    train(
        corpus / "train",
        corpus / "dev.spacy",
        output,
        Training(ROOT / "configs" / "update.cfg", 0, max_steps),
        overrides=own,
        nlp_settings={key: nlp.config["nlp"][key] for key in ("tokenizer", "vectors")},
        labels=labels,
    )

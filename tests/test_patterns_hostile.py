"""Patterns, suggestions and language codes that nobody should write: told, or taken as they are meant."""

import json
import re

import pytest
import spacy
import srsly
from helpers.converting import run_cli, run_convert
from helpers.running import COURSE_PATTERNS, write_jsonl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading.patterns import blank, read_rules
from reading.suggestions import read_answers, write_answer
from shared.errors import InputError

NLP = blank("xx")
HALF = "\ud83d"


def rules_of(folder, *patterns):
    path = folder / "patterns.jsonl"
    write_jsonl(path, [{"label": "A", "pattern": pattern} for pattern in patterns])
    return read_rules(NLP, path)


def counts_of(stats):
    return {rule["id"]: rule["entities"] for rule in stats["rules"]}


# --- What plain tokens do not have

NOT_PLAIN = [
    *("IS_SENT_START", "SENT_START", "POS", "TAG", "DEP", "LEMMA", "MORPH"),
    *("ENT_TYPE", "ENT_IOB", "ENT_ID", "ENT_KB_ID", "_"),
]
# Conditions of which the Matcher takes one or another without a word
VALUES = [True, False, "", "x", 0, 1, {}, {"x": 1}, {"NOT_IN": ["x"]}, {"IN": [""]}, {"REGEX": "."}]


@pytest.mark.parametrize("attr", NOT_PLAIN)
@pytest.mark.parametrize("value", VALUES)
def test_what_plain_tokens_lack_is_refused(attr, value, tmp_path):
    for name in {attr, attr.lower()}:
        with pytest.raises(InputError, match="patterns.jsonl, line 2: ") as caught:
            rules_of(tmp_path, [{"LOWER": "x"}], [{"LOWER": "x"}, {name: value}])
        assert f"plain tokens have no '{name}'" in str(caught.value)
        assert "there is no tagger or parser" in caught.value.remedy


PLAIN = {
    "ORTH TEXT LOWER NORM SHAPE": "x",
    "LENGTH": 1,
    "SPACY IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_UPPER IS_TITLE IS_PUNCT IS_SPACE IS_BRACKET": True,
    "IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT IS_CURRENCY IS_STOP LIKE_NUM LIKE_URL LIKE_EMAIL": False,
    "OP": "?",
}


def test_what_plain_tokens_have_is_taken(tmp_path):
    for names, value in PLAIN.items():
        for name in names.split():
            assert len(rules_of(tmp_path, [{"LOWER": "x"}, {name: value}])) == 1
            assert len(rules_of(tmp_path, [{"LOWER": "x"}, {name.lower(): value}])) == 1


def test_a_condition_that_asks_for_nothing_is_refused(tmp_path):
    """It would match every token."""
    with pytest.raises(InputError, match="line 1: .*'LOWER' asks for nothing"):
        rules_of(tmp_path, [{"LOWER": {}}])


def test_a_pattern_of_very_deep_json_is_told(tmp_path):
    path = tmp_path / "patterns.jsonl"
    for depth in (50, 500, 900, 5_000, 100_000):
        deep = '{"LOWER": ' * depth + "1" + "}" * depth
        path.write_text('{"label": "A", "pattern": [' + deep + "]}", encoding="utf8")
        with pytest.raises(InputError, match="patterns.jsonl, line 1"):
            read_rules(NLP, path)


@pytest.mark.parametrize("number", [10**30, -(2**63) - 1, float("nan"), float("inf")])
def test_a_number_that_cannot_be_written_is_refused(number, tmp_path):
    for value in (number, {"==": number}, {"IN": [1, number]}, {">=": number, "<": 9}):
        with pytest.raises(InputError, match="line 1: The pattern is not valid"):
            rules_of(tmp_path, [{"LENGTH": value}])


# --- Half a surrogate pair, which JSON can hold, but no file


def test_half_a_pair_in_a_pattern_is_the_sign_that_texts_get_for_it(inputs):
    conditions = (HALF, {"REGEX": f"^[{HALF}]$"}, {"IN": [HALF]}, {"FUZZY": HALF})
    patterns = [[{"LOWER": f"rule{n}"}, {"TEXT": value}] for n, value in enumerate(conditions)]
    rules = [{"label": "A" + HALF, "pattern": pattern} for pattern in [*patterns, HALF + " end"]]
    write_jsonl(inputs.patterns, [{**rules[0], "id": HALF}, *rules[1:]])
    text = f"rule0 {HALF} rule1 {HALF} rule2 {HALF} rule3 {HALF} and {HALF} end"
    write_jsonl(inputs.texts, [{"text": f"{text} {n}"} for n in range(40)])
    result = run_cli(inputs)
    assert result.exit_code == 0, result.output
    stats = srsly.read_json(inputs.corpus / "stats.json")
    ids = ["\ufffd", "patterns:2", "patterns:3", "patterns:4", "patterns:5"]
    assert counts_of(stats) == dict.fromkeys(ids, stats["train"]["texts"])
    ents = spacy.load(inputs.rules)(text.replace(HALF, "\ufffd")).ents
    assert [ent.label_ for ent in ents] == ["A\ufffd"] * 5


def test_half_a_pair_in_a_suggestion(inputs):
    records = [{"text": f"zorb {HALF}", "label": "GADGET", "examples": [HALF], "note": HALF}]
    write_jsonl(inputs.suggestions, records)
    (suggestion,) = read_answers(NLP, inputs.suggestions, ["GADGET"])
    assert suggestion.words == ["zorb", "\ufffd"]
    answered = write_answer(suggestion, "accept")
    assert answered.answer == "accept" and answered.key == suggestion.key
    # What a person wrote stays what it is
    (line,) = inputs.suggestions.read_bytes().splitlines()
    assert json.loads(line) == {**records[0], "answer": "accept"}
    assert write_answer(answered, "reject").answer == "reject"
    write_answer(answered, "accept")
    result = run_cli(inputs)
    assert result.exit_code == 0, result.output
    assert [ent.text for ent in spacy.load(inputs.rules)("a Zorb \ufffd").ents] == ["Zorb \ufffd"]


# --- Ids


def accept(inputs, *terms):
    records = [{"text": term, "label": "GADGET", "answer": "accept"} for term in terms]
    write_jsonl(inputs.suggestions, records)


def test_ids_of_patterns_that_look_like_those_of_suggestions(inputs):
    rules = [{**COURSE_PATTERNS[0], "id": "suggestions:1"}, COURSE_PATTERNS[1]]
    write_jsonl(inputs.patterns, rules)
    write_jsonl(inputs.texts, [{"text": f"an iPhone X or a zorb {n}"} for n in range(40)])
    accept(inputs, "zorb")
    stats = run_convert(inputs)
    n_texts = stats["train"]["texts"]
    assert counts_of(stats) == {
        "suggestions:1": n_texts,
        "patterns:2": 0,
        "accepted suggestions:1": n_texts,
    }
    ents = spacy.load(inputs.rules)("an iPhone X or a zorb").ents
    assert [ent.ent_id_ for ent in ents] == ["suggestions:1", "accepted suggestions:1"]


def test_patterns_in_a_file_that_is_called_as_the_suggestions(inputs):
    inputs.patterns = inputs.folder / "rules" / "suggestions.jsonl"
    inputs.patterns.parent.mkdir()
    inputs.rules = inputs.folder / "made"
    taken = {"label": "GADGET", "pattern": "x", "id": "accepted suggestions:7"}
    write_jsonl(inputs.patterns, [*COURSE_PATTERNS, taken])
    accept(inputs, "preorder", "reviews", "coming", "tips")
    assert list(counts_of(run_convert(inputs))) == [
        *("suggestions:1", "suggestions:2", "accepted suggestions:7"),
        *(f"accepted accepted suggestions:{n}" for n in range(1, 5)),
    ]


def test_an_empty_id_is_none(inputs):
    write_jsonl(inputs.patterns, [{**rule, "id": ""} for rule in COURSE_PATTERNS])
    counts = counts_of(run_convert(inputs))
    assert list(counts) == ["patterns:1", "patterns:2"] and all(counts.values())


# --- Rules that find too much


def test_the_summary_shows_what_each_rule_found_most_often(inputs):
    days = ["my day"] * 6 + ["One  Day"] * 3 + ["some day"] * 2 + [f"day {n} " for n in range(9)]
    texts = [f"{day}, {n}, an iPhone X" for n, day in enumerate(days * 20)]
    write_jsonl(inputs.texts, [{"text": text} for text in texts])
    wide = {"label": "EVENT", "pattern": [{"IS_ALPHA": True}, {"IS_SPACE": True, "OP": "?"}]}
    wide["pattern"].append({"LOWER": "day"})
    steered = {"label": "EVENT", "pattern": [{"LOWER": "day"}, {"IS_DIGIT": True}]}
    write_jsonl(inputs.patterns, [COURSE_PATTERNS[0], {**wide, "id": "wide"}, steered])
    gold = [{"text": f"gold {n}"} for n in range(30)]
    write_jsonl(inputs.gold, gold)
    result = run_cli(inputs)
    by_rule = {r["id"]: r["forms"] for r in srsly.read_json(inputs.corpus / "stats.json")["rules"]}
    assert list(by_rule["wide"].items()) == [("my day", 120), ("one  day", 60), ("some day", 40)]
    assert by_rule["patterns:1"] == {"iphone x": len(texts)}
    assert list(by_rule["patterns:3"]) == [f"day {n}" for n in range(5)]  # and there are more
    assert "my day (120), one day (60), some day (40)" in result.output
    assert "day 0 (20), day 1 (20), day 2 (20), day 3 (20" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_forms_cannot_steer_the_terminal(inputs):
    write_jsonl(inputs.texts, [{"text": f"odd \x1b[31m {n}"} for n in range(40)])
    pattern = [{"LOWER": "odd"}, {"OP": "+", "IS_DIGIT": False}]
    write_jsonl(inputs.patterns, [{"label": "A", "pattern": pattern}])
    result = run_cli(inputs)
    assert result.exit_code == 0 and "\x1b[31m" not in result.output
    assert "odd \ufffd[31m" in result.output


# --- Languages

NO_LANGUAGES = [
    *("", " ", "EN", "en ", "../en", "en/../de", ".", "..", "en.stop_words", "en.lex_attrs"),
    *("punctuation", "char_classes", "__init__", "en\0", "en\n", "é", HALF, "x" * 5000, "English"),
]


@pytest.mark.parametrize("lang", NO_LANGUAGES)
def test_what_is_no_language_is_told(lang, inputs):
    result = run_cli(inputs, "--lang", lang)
    assert result.exit_code == 1
    assert "Can't load the language '" in result.flat and "vars.lang" in result.flat
    assert not inputs.corpus.exists()


# --- Anything

numbers = st.one_of(st.integers(-3, 3), st.integers(), st.floats(allow_nan=True))
words = st.one_of(
    st.sampled_from(["iphone", "x", HALF, "", "(", "a{9999999999}"]), st.text(max_size=5)
)
names = st.one_of(
    st.sampled_from([*" ".join(PLAIN).split(), *NOT_PLAIN, "Lower", "PREFIX", "HEAD", "FLAG19"]),
    words,
)
predicates = st.sampled_from(
    "IN NOT_IN REGEX FUZZY FUZZY1 FUZZY9 IS_SUBSET IS_SUPERSET INTERSECTS == != >= < ".split(" ")
)
operators = st.sampled_from(["!", "?", "+", "*", "{2}", "{0}", "{2,1}", "{,3}", "{1,}", "{}", "%"])
values = st.recursive(
    st.one_of(words, numbers, st.booleans(), st.none(), operators),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(predicates, words), inner, max_size=2),
    ),
    max_leaves=4,
)
tokens = st.one_of(st.dictionaries(names, values, max_size=3), values)
records = st.fixed_dictionaries(
    {},
    optional={
        "label": st.one_of(st.sampled_from(["A", "B"]), values),
        "pattern": st.one_of(st.lists(tokens, max_size=3), values),
        "id": st.one_of(st.just("suggestions:1"), values),
    },
)
suggestions = st.fixed_dictionaries(
    {"text": st.one_of(words, values), "label": st.one_of(st.sampled_from(["A", "C"]), values)},
    optional={"answer": st.one_of(st.sampled_from(["accept", "reject", None]), values)},
)
GOOD = [{"label": "A", "pattern": [{"LOWER": "iphone"}]}, {"label": "B", "pattern": "iPhone 8"}]


@pytest.mark.slow
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rules=st.lists(records, max_size=3), answers=st.lists(suggestions, max_size=2))
def test_any_patterns_and_suggestions(inputs, rules, answers):
    """They are used, or told by file and line; what is made of them can be loaded again."""
    write_jsonl(inputs.texts, [{"text": f"my iPhone 8 is x {HALF} {n}"} for n in range(25)])
    write_jsonl(inputs.patterns, [*GOOD, *rules])
    write_jsonl(inputs.suggestions, answers)
    result = run_cli(inputs)
    if result.exit_code:
        assert result.exit_code == 1
        assert re.search(r"(patterns|suggestions)\.jsonl, line \d+:", result.flat), result.output
    else:
        stats = srsly.read_json(inputs.corpus / "stats.json")
        ids = [rule["id"] for rule in stats["rules"]]
        assert (
            len(set(ids))
            == len(ids)
            == 2 + len(rules) + sum(answer.get("answer") == "accept" for answer in answers)
        )
        assert spacy.load(inputs.rules)("my iPhone 8").ents

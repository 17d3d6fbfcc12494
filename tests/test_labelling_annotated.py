"""Annotated texts in train: a person's labels in place of the rules', and never a test text."""

import pytest
import spacy
import srsly
from helpers.converting import made, read_docs, run_cli, run_convert, texts_of
from helpers.little import NLP
from helpers.running import COURSE_PATTERNS, write_jsonl

from measuring.cautions import cautions
from measuring.evaluation import evaluate
from suggesting.candidates import load_candidates


def record(text, *spans):
    keys = ("start", "end", "label")
    return {"text": text, "spans": [dict(zip(keys, span)) for span in spans]}


@pytest.fixture
def annotated(inputs):
    """Inputs with some gold; RETURNS (Path): the file for annotated texts."""
    write_jsonl(
        inputs.gold, [record(f"gold iPhone 8, number {n}.", (5, 13, "GADGET")) for n in range(30)]
    )
    return inputs.folder / "annotated.jsonl"


def train_docs(inputs):
    return {doc.text: doc for doc in read_docs(inputs.corpus / "train")}


def test_people_take_precedence_over_rules(inputs, annotated):
    write_jsonl(
        inputs.texts,
        [{"text": f"An iPhone {n} fell"} for n in range(40)] + [{"text": "iphone  7 and ZORB!"}],
    )
    write_jsonl(
        annotated,
        [
            record("An iPhone 1 fell"),  # the rules say there is an entity
            record("iPhone 7 and Zorb !", (13, 17, "OTHER")),  # a raw text but for white space
            record("A text of its own"),
            record("GOLD iPhone 8 , number 3 ."),  # the same for a gold text
            record("gold iPhone 8, number 4.", (5, 13, "OTHER")),
        ],
    )
    stats = run_convert(inputs, annotated=annotated)
    docs = train_docs(inputs)
    assert len(docs) == 39 + 3
    assert not docs["An iPhone 1 fell"].ents and docs["An iPhone 2 fell"].ents
    assert {token.ent_iob_ for token in docs["An iPhone 1 fell"]} == {"O"}
    [ent] = docs["iPhone 7 and Zorb !"].ents
    assert (ent.text, ent.label_) == ("Zorb", "OTHER")
    assert "iphone  7 and ZORB!" not in docs and not [t for t in docs if "gold" in t.lower()]
    assert texts_of(inputs.corpus / "train" / "annotated-0.spacy") == [
        "An iPhone 1 fell",
        "iPhone 7 and Zorb !",
        "A text of its own",
    ]
    assert stats["dropped"]["annotated"] == 2
    assert stats["annotated"] == {
        "texts": 3,
        "entities": {"OTHER": 1},
        "in_gold": 2,
        "in_dev": 0,
        "spans_left_out": 0,
        "copies": 13,
        "left_out": 0,
        "share_empty": pytest.approx(1 / 12),
    }
    train = stats["train"]
    assert (train["texts"], train["without_entities"]) == (42, 2)
    assert train["tokens"] == sum(map(len, docs.values()))
    assert train["entities"] == {"GADGET": 39, "OTHER": 1}
    assert train["forms"]["OTHER"] == {"zorb": 1}
    assert sum(rule["entities"] for rule in stats["rules"]) == 39
    assert stats["gold"]["entities"] == {"GADGET": 30}


def test_people_say_what_is_no_entity(inputs, annotated):
    raw = [f"An iPhone {n} fell" for n in range(40)] + [f"Nothing here, {n}" for n in range(60)]
    write_jsonl(inputs.texts, [{"text": text} for text in raw])
    # Each another one: what is marked in a text alone is not counted as found there
    records = [record(f"A zor{n:02}, {n}", (2, 7, "GADGET")) for n in range(20)]
    write_jsonl(annotated, records + [record(f"No, {n}") for n in range(10)])
    stats = run_convert(inputs, annotated=annotated)
    # Of what no rule matches, 10 of 30 have no entity, and 10 of 10 are made up
    share = 0.4 * 0 + 0.6 * 20 / 40
    kept = round(40 * share / (1 - share))
    assert stats["annotated"]["share_empty"] == pytest.approx(share)
    assert (stats["annotated"]["copies"], stats["annotated"]["left_out"]) == (1, 60 - kept)
    docs = list(read_docs(inputs.corpus / "train"))
    assert len(docs) == 40 + kept + 30
    by_text = {doc.text: doc for doc in docs}
    assert [token.ent_iob_ for token in by_text["An iPhone 7 fell"]] == ["", "B", "I", ""]
    assert [token.ent_iob_ for token in by_text["A zor03, 3"]] == ["O", "B", "O", "O"]
    left = [doc for doc in docs if doc.text.startswith("Nothing")]
    assert len(left) == kept and {t.ent_iob_ for doc in left for t in doc} == {"O"}
    train = stats["train"]
    assert (train["texts"], train["without_entities"]) == (40 + kept + 30, kept + 10)
    assert train["tokens"] == sum(map(len, by_text.values()))


def test_share_is_the_same_whichever_texts_people_choose(inputs, annotated):
    """Who marks only texts with a match sees an entity in each, and learns nothing of the others."""
    raw = [f"An iPhone {n} fell" for n in range(40)] + [f"Nothing here, {n}" for n in range(60)]
    write_jsonl(inputs.texts, [{"text": text} for text in raw])
    write_jsonl(annotated, [record(text, (3, 12, "GADGET")) for text in raw[10:30]])
    # 20 of the texts with a match are no longer raw
    share = 60 / 80
    stats = run_convert(inputs, annotated=annotated)
    assert stats["annotated"]["share_empty"] == pytest.approx(share)
    assert stats["annotated"]["left_out"] == 0


def test_rules_are_compared_with_what_people_marked(inputs, annotated):
    records = [
        record(f"My iPhone 8, text {n}", *([(3, 11, "GADGET")] if n else [])) for n in range(4)
    ]
    write_jsonl(annotated, records)
    rules = {r["id"]: r for r in run_convert(inputs, annotated=annotated)["rules"]}
    counts = [(r["in_annotated"], r["right_in_annotated"]) for r in rules.values()]
    assert sorted(counts) == [(0, 0), (4, 3)]


@pytest.mark.parametrize("number, copies", [(1, 20), (10, 4), (40, 1), (100, 1)])
def test_annotated_texts_count_as_much_as_those_with_a_match(inputs, annotated, number, copies):
    write_jsonl(inputs.texts, [{"text": f"An iPhone {n} fell"} for n in range(40)])
    write_jsonl(annotated, [record(f"A zorb, {n}", (2, 6, "GADGET")) for n in range(number)])
    assert run_convert(inputs, annotated=annotated)["annotated"]["copies"] == copies


def test_raw_texts_are_gold_whatever_their_white_space(inputs, annotated):
    texts = [f"gold  iPhone 8 , number {n} ." for n in range(10)] + ["an iPhone 8"]
    write_jsonl(inputs.texts, [{"text": text} for text in texts])
    stats = run_convert(inputs)
    assert stats["dropped"]["in_gold"] == 10
    assert texts_of(inputs.corpus / "train") == ["an iPhone 8"]
    # Nor are terms proposed from them
    cache = inputs.folder / "candidates.npz"
    found = load_candidates(cache, NLP, inputs.texts, inputs.gold)
    assert found.texts.sum(0).nonzero()[1].tolist() in ([], [10])


def test_without_gold_a_fifth_of_the_annotated_texts_is_dev_where_rules_miss_most(
    inputs, annotated
):
    write_jsonl(inputs.gold, [])
    texts = [f"A zor{n:03}, {n}" for n in range(200)]
    write_jsonl(
        inputs.texts, [{"text": text} for text in [*texts, *map("iPhone {}".format, range(99))]]
    )
    marked = [record(text, (2, 8, "GADGET")) for text in texts]
    write_jsonl(annotated, marked)
    result = run_cli(inputs, "--annotated", str(annotated))
    dev = read_docs(inputs.corpus / "dev.spacy")
    assert 20 < len(dev) < 60 and {doc.ents[0].text[:3] for doc in dev} == {"zor"}
    assert not set(train_docs(inputs)) & {doc.text for doc in dev}
    stats = srsly.read_json(inputs.corpus / "stats.json")
    assert stats["annotated"]["in_dev"] == len(dev) == 200 - stats["annotated"]["texts"]
    assert f"{len(dev)} more are dev, since there is no gold" in result.flat
    # The scores still say how far the pipeline agrees with the rules
    assert not set(texts) & set(texts_of(inputs.corpus / "test.spacy"))
    # With gold all are train, and so they are if the rules find most, or those for dev have no entity
    found = [record(f"iPhone {n}, {n}", (0, len(f"iPhone {n}"), "GADGET")) for n in range(200)]
    write_jsonl(annotated, found)
    assert run_convert(inputs, annotated=annotated)["annotated"]["in_dev"] == 0
    write_jsonl(annotated, [record(text) for text in texts])
    assert run_convert(inputs, annotated=annotated)["annotated"]["in_dev"] == 0
    write_jsonl(annotated, marked)
    write_jsonl(inputs.gold, [record(f"gold {n}") for n in range(30)])
    assert run_convert(inputs, annotated=annotated)["annotated"]["texts"] == 200


def test_without_gold_few_annotated_texts_are_not_held_out(inputs, annotated):
    write_jsonl(inputs.gold, [])
    run_convert(inputs)
    held_out = texts_of(inputs.corpus / "dev.spacy") + texts_of(inputs.corpus / "test.spacy")
    n_train = len(texts_of(inputs.corpus / "train"))
    moved = held_out[::2]
    write_jsonl(annotated, [record(text) for text in moved])
    stats = run_convert(inputs, annotated=annotated)
    after = texts_of(inputs.corpus / "dev.spacy") + texts_of(inputs.corpus / "test.spacy")
    assert sorted(after) == sorted(set(held_out) - set(moved))
    left_out = stats["annotated"]["left_out"]
    assert len(train_docs(inputs)) == n_train + len(moved) - left_out
    assert stats["dropped"]["annotated"] == len(moved)


def test_all_texts_can_be_annotated(inputs, annotated):
    write_jsonl(inputs.texts, [{"text": "My iPhone 8"}])
    write_jsonl(annotated, [record("my iphone 8", (3, 11, "GADGET"))])
    stats = run_convert(inputs, annotated=annotated)
    assert stats["train"]["texts"] == stats["annotated"]["texts"] == 1
    assert [ent.text for ent in train_docs(inputs)["my iphone 8"].ents] == ["iphone 8"]


def test_spans_that_do_not_fit(inputs, annotated):
    write_jsonl(annotated, [record("Some Zorb", (0, 3, "GADGET"), (5, 9, "GADGET"))])
    result = run_cli(inputs, "--annotated", str(annotated))
    assert result.exit_code == 1 and not inputs.corpus.exists()
    assert "annotated.jsonl: 1 span(s) can't be used line 1, characters 0 to 3" in result.flat
    stats = run_convert(inputs, annotated=annotated, skip_bad_spans=True)
    assert stats["annotated"]["spans_left_out"] == 1
    assert stats["annotated"]["entities"] == {"GADGET": 1}


def test_summary(inputs, annotated):
    texts = ("An iPhone X, annotated", "iPhone X is coming (0)", "gold iPhone 8, number 1.")
    write_jsonl(
        annotated, [record(text, (0, 2, "OTHER")) for text in texts[:1]] + [record(texts[1])]
    )
    with annotated.open("a") as file:
        file.write(srsly.json_dumps(record(texts[2])) + "\n")
    result = run_cli(inputs, "--annotated", str(annotated))
    assert "Annotated 2 of the texts in train, by people" in result.flat
    assert "1 raw texts dropped for them" in result.flat
    assert "1 more are in gold, and left out" in result.flat
    assert "No gold annotation has the label OTHER of the annotated texts" in result.flat
    # What people annotated can be learned, even if no pattern has it
    write_jsonl(inputs.gold, [record(f"gold {n}", (0, 4, "OTHER")) for n in range(30)])
    assert (
        "No pattern has the label OTHER"
        not in run_cli(inputs, "--annotated", str(annotated)).output
    )
    assert "No pattern has the label OTHER" in run_cli(inputs).output


def test_forms_that_people_showed_are_seen(inputs, annotated):
    """evaluate tells seen from unseen forms by all training labels."""
    write_jsonl(inputs.gold, [record(f"my Zorb and {n}", (3, 7, "GADGET")) for n in range(30)])
    write_jsonl(annotated, [record("One zorb, please", (4, 8, "GADGET"))])
    seen = []
    for path in (None, annotated):
        stats = run_convert(inputs, annotated=path)
        metrics = evaluate(
            inputs.corpus / "test.spacy",
            inputs.corpus / "stats.json",
            inputs.folder / "metrics.json",
            inputs.folder / "predictions",
            {stage: inputs.rules for stage in ("rules", "model", "pipeline")},
        )
        seen.append((metrics["test"]["seen"] > 0, metrics["test"]["unseen"] > 0))
        assert "No rule has the label" not in str(cautions(metrics, stats))
    assert seen == [(False, True), (True, False)]


@pytest.mark.slow
def test_processes_write_the_same(inputs, annotated):
    write_jsonl(inputs.patterns, COURSE_PATTERNS)
    write_jsonl(
        annotated,
        [record("One zorb, please", (4, 8, "GADGET")), record("gold iPhone 8, number 1.")],
    )
    run_convert(inputs, annotated=annotated, n_process=1)
    one = made(inputs)
    run_convert(inputs, annotated=annotated, n_process=2)
    assert made(inputs) == one and inputs.corpus / "train" / "annotated-0.spacy" in one


def rule_texts(inputs, annotated, records, **settings):
    """RETURNS (dict): The marked terms that are rules, by id, and in how many texts they are marked."""
    write_jsonl(annotated, records)
    stats = run_convert(inputs, annotated=annotated, **settings)
    return {rule["id"]: rule["marked"] for rule in stats["rules"] if "marked" in rule}


def test_marked_terms_are_rules(inputs, annotated):
    write_jsonl(
        inputs.texts, [{"text": f"An iPhone {n} fell, my ZORB pro did not"} for n in range(9)]
    )
    records = [
        record("A Zorb Pro, new", (2, 10, "GADGET")),
        record("old zorb pro and Kazoo", (4, 12, "GADGET"), (17, 22, "OTHER")),
    ]
    assert rule_texts(inputs, annotated, records) == {
        "annotated:zorb pro": 2,
        "annotated:kazoo": 1,
    }
    doc = train_docs(inputs)["An iPhone 3 fell, my ZORB pro did not"]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("iPhone 3", "GADGET"),
        ("ZORB pro", "GADGET"),
    ]
    # The rules are part of what is packaged
    [ent] = spacy.load(inputs.rules)("no zorb pro").ents
    assert (ent.text, ent.ent_id_) == ("zorb pro", "annotated:zorb pro")
    # Kazoo stands in no raw text, which is no reason to mend a rule
    assert "kazoo" not in run_cli(inputs, "--annotated", str(annotated)).output


def test_what_people_marked_is_no_rule_where_it_may_be_something_else(inputs, annotated):
    records = [
        record("a Gap in the gap", (2, 5, "GADGET")),  # as often as not
        record("They are US too", (9, 11, "GADGET")),  # a stop word in lower case
        record("X and c", (0, 1, "GADGET")),
        record("my iPhone 8 fell", (3, 11, "GADGET")),  # a rule finds it
        record("no Bose here", (3, 7, "GADGET")),  # a person said no
        record("One\nzorb", (0, 8, "GADGET")),
        record("big Foo Bar", (4, 11, "GADGET")),
        record("a foo", (2, 5, "GADGET")),
        record("not foo", (4, 7, "OTHER")),  # but most lie within the first label's
    ]
    write_jsonl(inputs.suggestions, [{"text": "bose", "label": "GADGET", "answer": "reject"}])
    found = rule_texts(inputs, annotated, records, lang="en")
    assert found == {"annotated:foo bar": 1, "annotated:foo": 1}


def test_ids_of_marked_terms_are_no_others(inputs, annotated):
    patterns = [{"label": "GADGET", "pattern": "iPhone", "id": "annotated:zorb"}]
    write_jsonl(inputs.patterns, patterns)
    assert rule_texts(inputs, annotated, [record("A Zorb", (2, 6, "GADGET"))]) == {
        "marked annotated:zorb": 1
    }


def test_a_term_marked_in_gold_is_no_rule(inputs, annotated):
    write_jsonl(inputs.gold, [record(f"Zorb {n}", (0, 4, "GADGET")) for n in range(30)])
    assert not rule_texts(inputs, annotated, [record("Zorb 3", (0, 4, "GADGET"))])

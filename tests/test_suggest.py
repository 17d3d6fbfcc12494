"""suggest: what it proposes, keeps and refuses."""

import subprocess
import sys

import pytest
from helpers.little import build_rules
from helpers.running import LANG, door, environment, invoke, read_jsonl, write_jsonl
from helpers.suggest_data import FRUITS, MAKERS, make_files, make_suggester, sentences

from reading.patterns import blank
from shared.errors import InputError
from suggest import suggest_cli
from suggesting.candidates import find_candidates


@pytest.fixture
def files(tmp_path):
    return make_files(tmp_path)


def run_suggest(files, lang=LANG):
    return invoke(suggest_cli, *files.values(), "--lang", lang)


def start_suggest(files, hash_seed):
    command = [sys.executable, *door("suggest", *files.values())]
    subprocess.run(command, check=True, env={**environment(), "PYTHONHASHSEED": hash_seed})


def test_proposes_what_is_like_the_rules_for_each_label(files):
    added = make_suggester(files).add(files["suggestions"], 10)
    terms = {(record["label"], record["text"]) for record in added}
    assert len(added) == 10
    assert terms >= {("FRUIT", fruit) for fruit in ("plum", "cherry", "kiwi", "mango")}
    assert terms >= {("MAKER", maker) for maker in ("Bolt & Sons", "Zeta Labs")}
    # What a pattern finds, one with operators included, is no question
    assert not {text.lower() for _, text in terms} & {"apple", "pear", "acme co"}


def test_writes_the_format_of_the_contract(files):
    make_suggester(files).add(files["suggestions"], 4)
    records = read_jsonl(files["suggestions"])
    texts = " ".join(sentences())
    for record in records:
        assert list(record) == ["text", "label", "score", "count", "examples", "answer"]
        assert 0 <= record["score"] <= 1 and record["answer"] is None
        assert record["count"] == texts.count(record["text"])
        assert 1 <= len(record["examples"]) <= 3
        assert all(record["text"] in example for example in record["examples"])


def test_asks_nothing_twice_and_comes_to_an_end(files):
    suggester = make_suggester(files)
    while suggester.add(files["suggestions"], 40):
        records = read_jsonl(files["suggestions"])
        for record in records:
            right = FRUITS if record["label"] == "FRUIT" else MAKERS
            record["answer"] = "accept" if record["text"] in right else "reject"
        write_jsonl(files["suggestions"], records)
    records = read_jsonl(files["suggestions"])
    questions = [(record["label"], record["text"].lower()) for record in records]
    assert len(set(questions)) == len(questions)
    accepted = {record["text"] for record in records if record["answer"] == "accept"}
    assert accepted == {*FRUITS, *MAKERS} - {"apple", "pear", "Acme Co"}
    done = run_suggest(files, "en")
    assert done.exit_code == 0 and "Nothing is left" in done.output


def test_keeps_every_line_as_it_is(files):
    # Other spacing, keys, case and line ends, and no line end at the end
    by_hand = (
        '{"label":"FRUIT",  "text":"PLUM","answer":"accept","note":"ä"}\r\n\n'
        '{"text": "big house", "label": "FRUIT", "answer": "reject"}'
    )
    files["suggestions"].write_bytes(by_hand.encode("utf8"))
    added = make_suggester(files).add(files["suggestions"], 30)
    assert files["suggestions"].read_bytes().startswith(by_hand.encode("utf8") + b"\n")
    questions = {(record["label"], record["text"].lower()) for record in added}
    assert not questions & {("FRUIT", "plum"), ("MAKER", "plum"), ("FRUIT", "big house")}


@pytest.mark.parametrize(
    "line, problem",
    [
        ('{"text": "plum", "label": "FRU', "Broken JSON"),
        ('{"text": "plum"}', "'label' is missing"),
        ('{"text": "plum", "label": "FRUITS"}', "No pattern has the label 'FRUITS'"),
        ('{"text": "plum", "label": "FRUIT", "answer": "yes"}', "Unknown answer 'yes'"),
        ('{"text": "Kiwi", "label": "FRUIT", "answer": "reject"}', "on line 1"),
        ('["plum", "FRUIT"]', "no JSON object"),
    ],
)
def test_says_what_is_wrong_and_where(files, line, problem):
    content = f'{{"text": "kiwi", "label": "FRUIT", "answer": "accept"}}\n\n{line}\n'
    files["suggestions"].write_text(content)
    done = run_suggest(files)
    assert done.exit_code == 1
    assert problem in done.flat and "suggestions.jsonl, line 3" in done.flat
    assert files["suggestions"].read_text() == content
    with pytest.raises(InputError, match="line 3"):
        build_rules(LANG, files["patterns"], files["suggestions"])


def test_answers_whose_text_has_vanished_stay_rules(files):
    write_jsonl(
        files["suggestions"], [{"text": " Star  fruit\n", "label": "FRUIT", "answer": "accept"}]
    )
    assert make_suggester(files).add(files["suggestions"], 5)
    rules = build_rules(LANG, files["patterns"], files["suggestions"])
    assert [ent.text for ent in rules("One star fruit, please").ents] == ["star fruit"]


def test_rejected_for_one_label_may_be_asked_for_another(files):
    rejected = {"text": "Zeta Labs", "label": "FRUIT", "answer": "reject"}
    write_jsonl(files["suggestions"], [rejected])
    added = make_suggester(files).add(files["suggestions"], 10)
    assert "MAKER" in [record["label"] for record in added if record["text"] == "Zeta Labs"]


def test_a_missing_file_of_suggestions_is_made(files):
    files["suggestions"].unlink()
    done = run_suggest(files)
    assert done.exit_code == 0 and "suggestions.jsonl was missing" in done.flat
    assert read_jsonl(files["suggestions"])


@pytest.mark.parametrize(
    "n_answers, said",
    [
        (0, "100 more answers bring most of what answers can"),
        (99, "1 more answers bring most"),
        (100, "More answers help until 12 or fewer of the last 100 are yes. Now 34 are"),
        (700, "More answers help until 12 or fewer of the last 100 are yes. Now 34 are"),
    ],
)
def test_how_many_more_answers_are_worth_it(files, n_answers, said):
    kinds = ("accept", "reject", "reject")
    answered = [
        {"text": f"w{i}", "label": "FRUIT", "answer": kinds[i % 3]} for i in range(n_answers)
    ]
    write_jsonl(files["suggestions"], answered)
    assert said in run_suggest(files).flat


def test_what_people_marked_in_texts_is_not_asked(files):
    spans = [(2, 6, "FRUIT"), (11, 15, "FRUIT"), (20, 25, "OTHER")]
    spans = [dict(zip(("start", "end", "label"), span)) for span in spans]
    write_jsonl(files["annotated"], [{"text": "A plum and kiwi for house", "spans": spans}])
    # What measures teaches nothing
    gold = {"text": "A mango", "spans": [{"start": 2, "end": 7, "label": "FRUIT"}]}
    write_jsonl(files["gold"], [gold])
    write_jsonl(files["annotated"], [*read_jsonl(files["annotated"]), gold])
    assert run_suggest(files, "en").exit_code == 0
    asked = {(record["label"], record["text"]) for record in read_jsonl(files["suggestions"])}
    assert asked >= {("FRUIT", "cherry"), ("FRUIT", "mango")}
    assert not asked & {("FRUIT", "plum"), ("FRUIT", "kiwi")}
    assert {label for label, _ in asked} == {"FRUIT", "MAKER"}
    # Without the file everything is asked
    files["annotated"].unlink()
    files["suggestions"].write_text("")
    assert run_suggest(files, "en").exit_code == 0
    assert {"plum", "kiwi"} <= {record["text"] for record in read_jsonl(files["suggestions"])}


@pytest.mark.parametrize("n_yes, n_no, change", [(12, 88, True), (13, 87, False), (0, 99, False)])
def test_says_when_texts_are_worth_more_than_terms(files, n_yes, n_no, change):
    kinds = ["reject"] * n_no + ["accept"] * n_yes
    answered = [{"text": f"w{i}", "label": "FRUIT", "answer": kind} for i, kind in enumerate(kinds)]
    write_jsonl(files["suggestions"], answered)
    said = run_suggest(files).flat
    assert (f"Of your last 100 answers {n_yes} were yes. Now texts teach more" in said) == change
    assert ("annotate . --vars.annotate_for train" in said) == change


# --- What a term is


def terms_of(*texts, times=4):
    found = find_candidates(blank("en"), enumerate(text for text in texts for _ in range(times)))
    return set(found.terms)


def test_a_term_does_not_go_across_the_end_of_a_sentence():
    terms = terms_of("I love Old Navy. Thoughts on Dr. Martens or A.P.C. Jeans?")
    assert {"Old Navy", "Dr. Martens"} <= terms
    assert not {term for term in terms if "Navy. " in term}
    # Without a space behind it, a full stop is within a name
    assert "J.Crew" in terms_of("My J.Crew shirt")


def test_what_always_has_an_s_behind_it_is_half_of_a_name():
    terms = terms_of("My Levi's are old, and Macy’s New Macy’s store has Gap's best jeans", "A Gap")
    assert {"Levi's", "Macy’s", "Gap"} <= terms and not {"Levi", "Macy"} & terms
    # One of nine without it is an odd one; two of six are not
    assert "Levi" not in terms_of(*["My Levi's are old"] * 8, "Old Levi jeans", times=1)
    assert "Levi" in terms_of(*["My Levi's are old"] * 4, *["Old Levi jeans"] * 2, times=1)
    # Too few to tell
    assert "Levi" in terms_of("My Levi's are old", times=2)


@pytest.mark.slow
def test_the_same_again_whatever_the_hash_seed(files, tmp_path):
    results = set()
    for seed in ("0", "1"):
        files["suggestions"].write_text("")
        files["candidates"].unlink(missing_ok=True)
        start_suggest(files, seed)
        results.add((files["suggestions"].read_bytes(), files["candidates"].read_bytes()))
    run_suggest({**files, "suggestions": write_jsonl(tmp_path / "again.jsonl", [])}, "en")
    assert len(results) == 1
    assert (tmp_path / "again.jsonl").read_bytes() == next(iter(results))[0]


@pytest.mark.parametrize(
    "texts", [[], ["."], ["Hi"], ["a\u0000b \u202e \x1b[31m"], ["x " * 9], ["Zeta"] * 2]
)
def test_little_or_odd_text(files, texts):
    write_jsonl(files["texts"], [{"text": text} for text in texts])
    done = run_suggest(files)
    assert done.exit_code == 0, done.output
    assert all(record["text"].isprintable() for record in read_jsonl(files["suggestions"]))

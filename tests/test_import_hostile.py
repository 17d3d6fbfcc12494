"""import: files that are not what they seem. No annotation is lost without a word, none ends in a traceback."""

import json
import tempfile
from copy import deepcopy
from pathlib import Path

import pytest
from helpers.exporters import brat, doccano, prodigy
from helpers.importing import RECORDS, read, run_cli
from helpers.little import NLP
from helpers.running import write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st

from importing.records import squash
from reading.gold import load_gold
from shared.errors import InputError

ACME = "Acme and Nokia"
ORG = [{"start": 0, "end": 4, "label": "ORG"}]


def imported(files, records, *options):
    """RETURNS (list): What is gold after an import that must succeed."""
    (files / "a.json").write_text(json.dumps(records), encoding="utf8")
    result = run_cli(files, files / "a.json", *options)
    assert result.exit_code == 0, result.output
    return read(files / "gold.jsonl")


def refused(files, records, message, *options):
    """An import that must fail, say why, and leave gold as it is."""
    before = (files / "gold.jsonl").read_bytes()
    (files / "a.json").write_text(json.dumps(records), encoding="utf8")
    result = run_cli(files, files / "a.json", *options)
    assert result.exit_code == 1 and message in result.flat, result.output
    assert (files / "gold.jsonl").read_bytes() == before


# --- Label Studio


def task(text, *results, key="text"):
    return {"data": {key: text}, "annotations": [{"result": list(results)}]}


def labelled(start, end, marked=None, label="ORG", type_="labels", **keys):
    value = {"start": start, "end": end, type_: [label]}
    return {"type": type_, "value": {**value, **({"text": marked} if marked else {})}, **keys}


def in_html(start, end, marked=None, type_="hypertextlabels"):
    """RETURNS (dict): A region of a HyperText tag, which has paths in place of offsets."""
    result = labelled("/text()[1]", "/text()[1]", marked, type_=type_)
    result["value"]["globalOffsets"] = {"start": start, "end": end}
    result["value"].update(startOffset=start, endOffset=end)
    return result


CHOICE = {"id": "c", "type": "choices", "value": {"choices": ["News"]}}


@pytest.mark.parametrize("type_", ["hypertextlabels", "labels"])
def test_label_studio_hypertext(type_, files):
    tasks = [
        task("R&amp;D of Acme", in_html(7, 11, "Acme", type_), key="html"),
        task("\U0001f44d Acme", in_html(2, 6, "Acme", type_), key="html"),
    ]
    assert imported(files, tasks) == [
        ("R&D of Acme", [(7, 11, "ORG")]),
        ("\U0001f44d Acme", [(2, 6, "ORG")]),
    ]


def test_label_studio_html_with_tags(files):
    """Browsers show less than there is, and no file says what they count."""
    tasks = [task("Nokia"), task("<p>Acme</p>", in_html(0, 4, "Acme"), key="html")]
    refused(files, tasks, "a.json, record 2: The text is HTML")
    refused(files, tasks, "record 2: The text is HTML", "--bad-spans", "skip")


def test_label_studio_hypertext_of_another_place(files):
    refused(files, [task("Acme etc", in_html(1, 5, "Acme"))], "'cme ' is not what was marked")


def test_label_studio_paths_without_offsets(files):
    refused(files, [task("Acme", labelled("/p[1]", "/p[1]"))], "record 1: A span has no whole")


@pytest.mark.parametrize(
    "tasks",
    [
        [task("Acme", CHOICE), task("Nokia")],
        [{"text": "Acme", "sentiment": "Positive", "annotation_id": 1}],
    ],
)
def test_label_studio_choices_say_nothing_about_entities(tasks, files):
    refused(files, tasks, "record 1: it says nothing about entities")


def test_label_studio_choices_beside_labels(files):
    """Where people were asked for entities, a text without any has none."""
    tasks = [task("Acme", CHOICE, labelled(0, 4, "Acme")), task("Nothing", CHOICE)]
    assert imported(files, tasks) == [("Acme", [(0, 4, "ORG")]), ("Nothing", [])]


def test_label_studio_parts_with_something_else_than_labels(files):
    """Such as a taxonomy. What says more about a labelled part has its id, and is no other part."""
    part = {"start": 5, "end": 10, "text": "Nokia"}
    choice = {"id": "a", "type": "choices", "value": {**part, "choices": ["new"]}}
    taxonomy = {"id": "b", "type": "taxonomy", "value": {**part, "taxonomy": [["Firm"]]}}
    label = labelled(5, 10, "Nokia", id="a")
    assert imported(files, [task("Acme Nokia", label, choice)]) == [
        ("Acme Nokia", [(5, 10, "ORG")])
    ]
    refused(files, [task("My Nokia", labelled(3, 8, "Nokia", id="a"), taxonomy)], "Nokia")
    refused(files, [task("Any Nokia", labelled(0, 3, id="a"), taxonomy)], "'oki")


def test_label_studio_labels_in_two_texts(files):
    results = [labelled(0, 4, to_name="title"), labelled(0, 4, to_name="body")]
    refused(files, [task("Acme", *results)], "record 1: Labels in more than one text: body, title")


def test_label_studio_new_line_in_what_was_marked(files):
    """Label Studio writes it with a backslash."""
    assert imported(files, [task("New\nYork", labelled(0, 8, "New\\nYork"))]) == [
        ("New\nYork", [(0, 8, "ORG")])
    ]


# --- Labels that are none


@pytest.mark.parametrize("label", [None, 7, ["ORG"]])
def test_labels_that_are_none(label, files):
    span = {"start": 0, "end": 4}
    for record in (
        ["Acme", {"entities": [[0, 4, label]]}],
        {"text": "Acme", "spans": [{**span, "label": label}]},
        {"text": "Acme", "label": [{**span, "labels": [label]}], "annotation_id": 1},
        task("Acme", labelled(0, 4, label=label)),
    ):
        refused(files, [record], "characters 0 to 4: 'Acme' has no label")
    refused(files, [{"text": "Acme", "label": [[0, 4, label]]}], "Not an entity of doccano")


def test_label_studio_part_without_a_label(files):
    tasks = [{"text": "Acme", "label": [{"start": 0, "end": 4, "labels": []}]}]
    refused(files, tasks, "record 1, characters 0 to 4: 'Acme' has no label")


def test_half_a_character_in_a_label(files):
    assert imported(files, [["Acme", {"entities": [[0, 4, "A\ud800"]]}]]) == [
        ("Acme", [(0, 4, "A\ufffd")])
    ]


# --- One format taken for another

PRODIGY = {"text": ACME, "spans": ORG}
DOCCANO = {"text": ACME, "label": [[0, 4, "ORG"]]}
LABEL_STUDIO = {"text": ACME, "ner": [{"start": 0, "end": 4, "labels": ["ORG"]}]}


@pytest.mark.parametrize(
    "record",
    [
        {**DOCCANO, "answer": "yes", "spans": []},
        {**DOCCANO, "annotation_id": 1, "data": {}},
        {**PRODIGY, "annotation_id": 1},
        {**PRODIGY, "data": {"n": 1}, "label": []},
        {**LABEL_STUDIO, "spans": [], "answer": "accept", "label": []},
    ],
)
def test_keys_of_other_formats(record, files):
    """A format is told by the entities. Exports have the keys of the texts that went in as well."""
    assert imported(files, [record]) == [(ACME, [(0, 4, "ORG")])]


@pytest.mark.parametrize("record", [PRODIGY, DOCCANO, LABEL_STUDIO])
@pytest.mark.parametrize("name", ["prodigy", "doccano", "label-studio"])
def test_formats_named_wrongly(name, record, files):
    right = {"prodigy": PRODIGY, "doccano": DOCCANO, "label-studio": LABEL_STUDIO}[name]
    if record is right:
        assert imported(files, [record], "--format", name) == [(ACME, [(0, 4, "ORG")])]
    else:
        refused(files, [right, record], "record 2: It has entities as", "--format", name)
        refused(files, [right, record], "record 2: It has entities as")


def test_entities_in_two_formats_at_once(files):
    refused(files, [{**PRODIGY, **DOCCANO}], "record 1: It has entities as prodigy and doccano")
    assert len(imported(files, [{**PRODIGY, **DOCCANO}], "--format", "doccano")) == 1


# --- doccano's and Prodigy's records


def test_doccano_with_two_lists(files):
    spans = [[0, 4, "ORG"]]
    for keys in ({"entities": [], "label": spans}, {"entities": spans, "labels": spans}):
        assert imported(files, [{"text": ACME, **keys}]) == [(ACME, [(0, 4, "ORG")])]
    keys = {"entities": spans, "label": [[9, 14, "ORG"]]}
    refused(files, [{"text": "x", **keys}], "record 1: 'entities' and 'label' have different")


@pytest.mark.parametrize(
    "record, reason",
    [
        ({"label": "POS", "answer": "accept"}, "nothing about entities"),
        ({"options": [], "accept": ["a"], "answer": "accept"}, "nothing about entities"),
        ({"spans": [], "accept": ["a"]}, "nothing about entities"),
        ({"spans": ORG, "label": "POS", "_view_id": "classification"}, "'classification'"),
        ({"spans": [], "_view_id": "choice"}, "'choice'"),
        # A yes to one entity does not say that there are no others
        ({"spans": ORG, "_view_id": "ner", "answer": "accept"}, "'ner'"),
    ],
)
def test_prodigy_records_about_something_else(record, reason, files):
    result = run_cli(files, write_jsonl(files / "a.jsonl", [PRODIGY, {"text": "Acme", **record}]))
    assert result.exit_code == 0 and f"{reason}" in result.flat and "line 2:" in result.flat
    assert read(files / "gold.jsonl") == [(ACME, [(0, 4, "ORG")])]


def test_raw_texts_are_not_texts_without_entities(files):
    refused(files, [{"text": "Acme"}], "nothing about entities", "--format", "prodigy")


def test_prodigy_texts_without_spans_beside_others(files):
    records = [{"text": "no", "_view_id": "ner_manual"}, {**PRODIGY, "_view_id": "ner_manual"}]
    assert imported(files, records) == [("no", []), (ACME, [(0, 4, "ORG")])]


# --- Folders


def test_folder_of_brat_and_others(files):
    folder = files / "in"
    brat(folder, RECORDS[:1])
    prodigy(folder / "b.jsonl", RECORDS[1:3])
    (folder / "visual.conf").write_text("[labels]\n")
    result = run_cli(files, folder)
    assert "Format brat, prodigy" in result.flat
    assert read(files / "gold.jsonl") == RECORDS[:3]
    (files / "gold.jsonl").write_text("")
    result = run_cli(files, folder, "--format", "brat")
    assert "b.jsonl, line 1: no file of brat" in result.flat
    assert read(files / "gold.jsonl") == RECORDS[:1]
    (folder / "notes.md").write_text("# Notes\n")
    result = run_cli(files, folder)
    assert result.exit_code == 1 and "notes.md: Can't tell the format" in result.flat


def test_brat_overlaps_name_their_lines(files):
    (files / "in").mkdir()
    (files / "in" / "a.txt").write_text("my Acme phone")
    (files / "in" / "a.ann").write_text(
        "T1\tORG 3 7\tAcme\n#1\tAnnotatorNotes T1\tx\nT2\tGADGET 2 13\t Acme phone\nT3\tORG 4 7\tcme\n"
    )
    result = run_cli(files, files / "in", "--label-map", "GADGET=PHONE")
    assert result.exit_code == 1
    overlap = "a.ann, line 3, characters 3 to 13: 'Acme phone' overlaps 'Acme' of line 1"
    assert overlap in result.flat
    assert "a.ann, line 4, characters 4 to 7: 'cme' is not on token boundaries" in result.flat


# --- Offsets

# Issue 2290 of doccano: a family of signs is one cluster, four characters, seven UTF-16 units
FIREMAN = "\U0001f468\U0001f3fb\u200d\U0001f692 firemen drive firetrucks"
PHONE = "I love \U0001f604 my iPhone 8"


@pytest.mark.parametrize(
    "text, counted, span, way",
    [
        (FIREMAN, [19, 29], (19, 29), None),
        (FIREMAN, [22, 32], (19, 29), "UTF-16 units"),
        (FIREMAN, [16, 26], (19, 29), "grapheme clusters"),
        (PHONE, [13, 21], (12, 20), "UTF-16 units"),
        (PHONE, [12, 20], (12, 20), None),
        ("One\r\ntwo", [4, 7], (5, 8), "grapheme clusters"),
        ("One\r\ntwo", [5, 8], (5, 8), None),
        # With white space that a mouse took along, which the next way then is without
        (PHONE, [12, 21], (12, 20), "UTF-16 units"),
    ],
)
def test_doccano_counts_what_fits_the_tokens(text, counted, span, way, files):
    write_jsonl(files / "a.jsonl", [{"text": text, "label": [[*counted, "X"]]}])
    result = run_cli(files, files / "a.jsonl")
    assert result.exit_code == 0, result.output
    assert read(files / "gold.jsonl") == [(text, [(*span, "X")])]
    output, said = squash(result.output), squash(f"In {files}/a.jsonl the offsets count")
    if way:
        assert said + squash(way) in output
    else:
        assert said not in output


def test_doccano_counts_in_one_way_a_file(files):
    """What one span leaves open another one of the file tells."""
    (files / "in").mkdir()
    dots = ("\U0001f44d . . .", [(4, 5, "X")])
    doccano("label")(files / "in" / "a.jsonl", [dots, (PHONE, [(12, 20, "X")])])
    records = [(f"{text} !", spans) for text, spans in (dots, (PHONE, [(12, 20, "X")]))]
    doccano("label", lambda _, offset: offset)(files / "in" / "b.jsonl", records)
    result = run_cli(files, files / "in")
    assert result.exit_code == 0, result.output
    assert read(files / "gold.jsonl") == [dots, (PHONE, [(12, 20, "X")]), *records]


@pytest.mark.parametrize("key", ["label", "ner"])
def test_offsets_that_nobody_can_tell(key, files):
    """In doccano's records and in Label Studio's if they don't say what was marked."""
    text = "\U0001f44d ((("
    region = {"start": 3, "end": 4, "labels": ["X"]}
    records = [{"text": text, key: [[3, 4, "X"] if key == "label" else region]}]
    message = "1 as characters, 1 as UTF-16 units, 1 as grapheme clusters"
    refused(files, records, f"tokens: {message} record 1: the first of them is '(' in characters")
    refused(files, records, "one of characters, utf-16, graphemes", "--bad-spans", "skip")
    assert imported(files, records, "--offsets", "utf-16") == [(text, [(2, 3, "X")])]
    (files / "gold.jsonl").write_text("")
    assert imported(files, records, "--offsets", "graphemes") == [(text, [(3, 4, "X")])]


def test_offsets_of_which_no_way_fits_all(files):
    spans = [[13, 21, "X"], [3, 5, "X"], [18, 20, "X"]]
    records = [{"text": PHONE, "label": spans}]
    refused(files, records, "Of 2 span(s) that depend on it these fit spaCy's tokens: 1 as char")
    refused(files, records, "the first of them is '' in characters, 'iPhone 8' in UTF")
    refused(files, records, "characters 3 to 5: 'ov' is not on token", "--offsets", "utf-16")
    found = imported(files, records, "--offsets", "utf-16", "--bad-spans", "skip")
    assert found == [(PHONE, [(12, 20, "X")])]


@pytest.mark.parametrize(
    "way, span", [("utf-16", [8, 20]), ("utf-16", [11, 99]), ("graphemes", [11, 99])]
)
def test_offsets_within_a_character_or_out_of_range(way, span, files):
    records = [{"text": PHONE, "label": [[*span, "X"]]}]
    message = f"{span[0]} to {span[1]}: out of range, or within a character"
    refused(files, records, message, "--offsets", way)


def test_way_of_counting_that_is_none(files):
    refused(files, [DOCCANO], "offsets is 'bytes'", "--offsets", "bytes")


# --- Offsets that no number of the tokenizer holds


@pytest.mark.parametrize(
    "start, end", [(0, 2**31), (2**31, 2**31 + 1), (-(2**31) - 1, 4), (2**64, 2**65)]
)
def test_huge_offsets(start, end, files):
    entity = {"start_offset": start, "end_offset": end, "label": "ORG"}
    region = {"start": start, "end": end, "labels": ["ORG"]}
    for records in (
        [{"text": "Acme", "spans": [{"start": start, "end": end, "label": "ORG"}]}],
        [{"text": "Acme", "entities": [entity]}],
        [["Acme", {"entities": [[start, end, "ORG"]]}]],
        [{"text": "Acme", "ner": [region]}],
        [task("\U0001f44d Acme", labelled(start, end, "Acme"))],
    ):
        refused(files, records, f"{start} to {end}")
        if isinstance(records[0], dict):
            refused(files, records, f"{start} to {end}", "--offsets", "utf-16")
    gold = write_jsonl(
        files / "b.jsonl", [{"text": "Acme", "spans": [{"start": start, "end": end, "label": "X"}]}]
    )
    with pytest.raises(InputError, match="out of range, the text has 4 characters"):
        load_gold(NLP, gold, skip_bad_spans=False)


@pytest.mark.parametrize("end", [2**31, 2**64])
def test_huge_offsets_of_brat(end, files):
    (files / "a.txt").write_text("Acme")
    for number, message in ((end, "is out of range"), ("9" * 5000, "Not an annotation of brat")):
        (files / "a.ann").write_text(f"T1\tORG 0 {number}\n")
        result = run_cli(files, files / "a.ann")
        assert result.exit_code == 1 and f"line 1{',' if number == end else ':'}" in result.flat
        assert message in result.flat


# --- Labels


THREE = {
    "text": "Acme Bob etc",
    "spans": [
        {"start": 0, "end": 4, "label": "ORG"},
        {"start": 5, "end": 8, "label": "PER"},
        {"start": 9, "end": 12, "label": "MISC"},
    ],
}


@pytest.mark.parametrize(
    "label_map, labels",
    [
        ("ORG=BRAND,*=", ["BRAND"]),
        ("ORG=ORG, * = ", ["ORG"]),
        ("*=OTHER,PER=,ORG=ORG", ["ORG", "OTHER"]),
        ("*=X", ["X", "X", "X"]),
    ],
)
def test_all_other_labels(label_map, labels, files):
    [(_, spans)] = imported(files, [THREE], "--label-map", label_map)
    assert [label for _, _, label in spans] == labels


@pytest.mark.parametrize("label_map", ["GADGET=PHONE", "GADGET=PHONE,*=", "GADGET=", "org=ORG,*=X"])
def test_label_maps_of_other_labels(label_map, files):
    """Most often misspelt. All that is named would be lost, or all that is not."""
    message = "No span has a label of the label map. The labels are: MISC, ORG, PER"
    refused(files, [THREE], message, "--label-map", label_map)


def test_label_map_that_keeps_nothing(files):
    refused(files, [THREE], "The label map keeps no label", "--label-map", "*=,ORG=")


def test_half_a_character_in_a_label_map(files):
    """As the terminal gives a name that is no UTF-8."""
    assert "B\ufffd" in str(imported(files, [THREE], "--label-map", "ORG=B\udcff"))


def test_spans_without_a_label_are_not_left_out_as_others(files):
    span = {"start": 5, "end": 8, "label": None}
    records = [{"text": "Acme Bob", "spans": [*ORG, span]}]
    refused(files, records, "'Bob' has no label", "--label-map", "ORG=ORG,*=")


def test_labels_that_only_the_file_has(files):
    gadgets = [("my iPad", [(3, 7, "GADGET")]), ("an iPad", [(3, 7, "GADGET")])]
    prodigy(files / "gold.jsonl", gadgets)
    prodigy(files / "a.jsonl", [("Acme", [(0, 4, "ORG")]), ("Nokia", [(0, 5, "ORG")])])
    patterns = write_jsonl(files / "patterns.jsonl", [{"label": "PRICE", "pattern": "$1"}])
    before = (files / "gold.jsonl").read_bytes()
    result = run_cli(files, files / "a.jsonl", "--patterns", patterns)
    warning = "that neither these annotations nor your patterns have: GADGET (2 spans)"
    assert f"{files}/gold.jsonl has labels {warning}" in result.flat
    # The way back
    assert "They are its lines 3 to 4: delete these to undo the import" in result.flat
    lines = (files / "gold.jsonl").read_bytes().splitlines(keepends=True)
    assert b"".join(lines[:2]) == before and len(lines) == 4
    # Not for labels that the rules have, or if there are none to compare with
    write_jsonl(patterns, [{"label": "GADGET", "pattern": "iPad"}])
    for options in (["--patterns", patterns], []):
        assert "neither these" not in run_cli(files, files / "a.jsonl", *options).flat
    # Patterns that are not there have no labels
    result = run_cli(files, files / "a.jsonl", "--patterns", files / "none.jsonl")
    assert result.exit_code == 0 and "GADGET (2 spans)" in result.flat


def test_lines_are_told_behind_a_last_line_without_an_end(files):
    (files / "gold.jsonl").write_text('\n{"text": "x"}')
    result = run_cli(files, write_jsonl(files / "a.jsonl", [PRODIGY]))
    assert "its lines 3 to 3" in result.flat
    assert ACME in (files / "gold.jsonl").read_text().splitlines()[2]


# --- Whatever a file holds

TOKENS = [{"orth": "Acme", "ner": "U-ORG"}, {"orth": "x", "ner": "O"}]
FILES = [
    [PRODIGY, {"text": PHONE, "answer": "accept", "_view_id": "ner_manual", "spans": []}],
    [DOCCANO, {"id": 1, "text": PHONE, "label": [[7, 9, "X"], [13, 21, "X"]], "Comments": []}],
    [{"text": ACME, "entities": [{"start_offset": 0, "end_offset": 4, "label": "ORG"}]}],
    [LABEL_STUDIO, {"text": PHONE, "annotation_id": 2, "ner": [{"start": 12, "end": 20}]}],
    [task(ACME, labelled(0, 4, "Acme", id="a"), CHOICE), task(PHONE, labelled(13, 21))],
    [task("Acme", in_html(0, 4, "Acme"), key="html")],
    [[ACME, {"entities": [[0, 4, "ORG"], [9, 14, "ORG"]]}]],
    [{"id": 0, "paragraphs": [{"raw": "Acme x", "sentences": [{"tokens": TOKENS}]}]}],
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 22),
    st.sampled_from(
        [2**31, -(2**63), 2**70, 1.5, "", " ", "X", "\ud800", "<b>x</b>", "a\x00\r\nb"]
    ),
    st.sampled_from([[], {}, [[]], [None], [{}], [[0, 4, "X"]], ORG, {"start": 0, "end": 4}]),
)
KEYS = ("text", "data", "spans", "label", "labels", "entities", "annotations", "answer", "id")
CHANGES = st.lists(st.tuples(st.integers(0, 99), ODD, st.sampled_from(KEYS)), max_size=3)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "--format": st.sampled_from(["prodigy", "doccano", "label-studio", "spacy-json"]),
        "--offsets": st.sampled_from(["characters", "utf-16", "graphemes"]),
        "--label-map": st.sampled_from(["ORG=B", "X=A,*=", "*=C"]),
        "--bad-spans": st.just("skip"),
    },
)


def places(value):
    """YIELDS (tuple): Each list and object in a JSON value, with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


def spoil(records, changes):
    """RETURNS (list): A copy of the records with other values in some places, or with more keys."""
    records = deepcopy(records)
    for number, odd, key in changes:
        found = list(places(records))
        if found:
            where, old = found[number % len(found)]
            where[key if number % 4 == 0 and isinstance(where, dict) else old] = deepcopy(odd)
    return records


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), CHANGES, st.booleans(), OPTIONS)
def test_whatever_the_records_are(records, changes, are_lines, options):
    """It ends with 0 or 1, without a traceback, and gold is as before or has valid lines more."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = b'{"text": "mine", "spans": []}\n'
        (folder / "gold.jsonl").write_bytes(before)
        (folder / "annotated.jsonl").touch()
        spoilt = spoil(records, changes)
        path = folder / ("a.jsonl" if are_lines else "a.json")
        lines = [json.dumps(record) for record in spoilt]
        path.write_text("\n".join(lines) if are_lines else json.dumps(spoilt), encoding="utf8")
        result = run_cli(folder, path, *(part for pair in options.items() for part in pair))
        assert result.exit_code in (0, 1), result.output
        after = (folder / "gold.jsonl").read_bytes()
        assert after == before if result.exit_code else after.startswith(before)
        for text, spans in read(folder / "gold.jsonl"):
            assert all(text[start:end].strip() and label.strip() for start, end, label in spans)
        names = {"annotated.jsonl", "gold.jsonl", path.name}
        assert {found.name for found in folder.iterdir()} == names


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["T1", "T2", "R1", "\t", " ", "ORG", "0", "4", "2147483648", ";", "\n", "é", "-1"]
        )
    )
)
def test_whatever_the_lines_of_brat_are(parts):
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        (folder / "in").mkdir()
        (folder / "in" / "a.txt").write_text("Acme é \U0001f44d", encoding="utf8")
        (folder / "in" / "a.ann").write_text("".join(parts), encoding="utf8")
        for path in ("gold.jsonl", "annotated.jsonl"):
            (folder / path).touch()
        result = run_cli(folder, folder / "in", "--bad-spans", "skip")
        assert result.exit_code in (0, 1), result.output

"""What people provide: every format, cut into blocks or whole, and answers that are written back."""

import gzip
import json

import pytest
from helpers.converting import as_csv, run_convert
from helpers.little import NLP
from helpers.running import write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import texts as texts_module
from reading.lines import append_records
from reading.splits import SIDES, split, text_hash
from reading.suggestions import read_answers, write_answer
from reading.texts import read_texts
from shared.errors import InputError

# --- Texts


@pytest.mark.parametrize("name", ["t.jsonl", "t.txt", "t.csv", "t.tsv"])
@pytest.mark.parametrize("zipped", [False, True])
def test_text_formats(tmp_path, name, zipped):
    texts = ['He said "no", twice', "tab\tand; comma, here", "é 漢字 \U0001f600 \u202eabc", "last"]
    path = tmp_path / name
    if name == "t.jsonl":
        write_jsonl(path, [{"text": text, "meta": {"text": 1}} for text in texts])
    elif name == "t.txt":
        path.write_text("\r\n".join(texts), encoding="utf8", newline="")
    else:
        texts.append("two\nlines")
        as_csv(path, texts, "," if name == "t.csv" else "\t")
    if zipped:
        data = path.read_bytes()
        path = tmp_path / (name + ".gz")
        path.write_bytes(gzip.compress(data))
    assert [text for _, text in read_texts(path)] == texts


def test_folder_of_texts(tmp_path):
    folder = tmp_path / "texts"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.txt").write_text("second\n", encoding="utf8")
    (folder / "a.txt").write_text("\ufefffirst\n", encoding="utf8")
    (folder / ".hidden").write_text("not me", encoding="utf8")
    (folder / "sub" / "c.txt").write_text("third\n", encoding="utf8")
    assert [text for _, text in read_texts(folder)] == ["first", "second", "third"]


def test_lone_surrogates_become_replacement_characters(inputs):
    line = json.dumps({"text": "broken \ud83d iPhone 8"}) + "\n"
    inputs.texts.write_text(line + inputs.texts.read_text(encoding="utf8"), encoding="utf8")
    assert next(read_texts(inputs.texts))[1] == "broken \ufffd iPhone 8"
    run_convert(inputs)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=20),
    st.integers(1, 200),
    st.sampled_from(["t.jsonl", "t.txt", "t.csv"]),
    st.booleans(),
)
def test_blocks_hold_every_text_once(tmp_path_factory, texts, size, name, bom):
    folder = tmp_path_factory.getbasetemp() / "blocks"
    folder.mkdir(exist_ok=True)
    path = folder / name
    if name == "t.jsonl":
        write_jsonl(path, [{"text": text} for text in texts])
    elif name == "t.txt":
        path.write_bytes("\n".join(texts).encode())
    else:
        as_csv(path, [text.replace("\0", "") for text in texts])  # Python 3.10 can't write it
    if bom:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts_module, "BLOCK_SIZE", size)
        cut = list(texts_module.read_blocks(path))
        assert [t for block in cut for t in block.read()] == [t for _, t in read_texts(path)]
        if name != "t.csv":
            assert len(cut) <= 1 or all(block.end - block.start >= size for block in cut[:-1])


@given(st.lists(st.text(), max_size=30), st.lists(st.text(), max_size=5))
def test_split_puts_no_text_on_two_sides(texts, gold):
    sides = [SIDES[side] for side in split(b"".join(map(text_hash, texts)), gold)]
    kept = [text_hash(t) for t, side in zip(texts, sides) if side in ("train", "dev", "test")]
    assert len(kept) == len(set(kept))
    if any(text.strip() for text in gold):
        assert not {text_hash(text) for text in gold} & set(kept)


# --- Suggestions


def test_an_answer_changes_one_line_only(tmp_path):
    path = tmp_path / "suggestions.jsonl"
    path.write_bytes(b'{"text":"plum","label":"FRUIT"}\n\n{"text":"kiwi","label":"FRUIT"}\r\nend')
    with pytest.raises(InputError, match="line 4"):
        read_answers(NLP, path, ["FRUIT"])
    path.write_bytes(path.read_bytes()[:-3])
    kiwi = read_answers(NLP, path, ["FRUIT"])[1]
    write_answer(kiwi, "accept")
    assert path.read_bytes() == (
        b'{"text":"plum","label":"FRUIT"}\n\n'
        b'{"text": "kiwi", "label": "FRUIT", "answer": "accept"}\r\n'
    )
    path.write_bytes(b'{"text":"plum","label":"FRUIT"}\n')
    with pytest.raises(InputError, match="changed by something else"):
        write_answer(kiwi, "reject")


@given(
    st.lists(st.dictionaries(st.text(), st.text(), max_size=4), min_size=1, max_size=6), st.data()
)
@settings(max_examples=50, deadline=None)
def test_any_record_survives_writing(tmp_path_factory, extra, data):
    path = write_jsonl(tmp_path_factory.getbasetemp() / "any.jsonl", [])
    records = [{**more, "text": f"t{i}", "label": "X"} for i, more in enumerate(extra)]
    for record in records:
        record.pop("answer", None)
        append_records(path, [record])
    number = data.draw(st.integers(0, len(records) - 1))
    write_answer(read_answers(NLP, path, ["X"])[number], "ignore")
    records[number]["answer"] = "ignore"
    assert [suggestion.record for suggestion in read_answers(NLP, path, ["X"])] == records

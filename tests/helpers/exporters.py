"""Writes gold records in the formats that import reads, as other programs would."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from spacy.tokens import Doc, DocBin
from spacy.training import biluo_to_iob, docs_to_json, offsets_to_biluo_tags

from helpers.little import docs

Span = Tuple[int, int, str]
Records = List[Tuple[str, List[Span]]]
# What the letters of BILUO are in other schemes
SCHEMES = {"iob2": "BIIBO", "biluo": "BILUO", "bioes": "BIESO"}


def rows(doc: Doc, scheme: str) -> List[Tuple[str, str, bool]]:
    """RETURNS (list): Token, tag and the space behind it; tokens of white space left out."""
    spans = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    tags = offsets_to_biluo_tags(doc, spans)
    if scheme == "iob1":
        # B- only where an entity follows another one of its label
        tags = biluo_to_iob(tags)
        before = ["O", *tags]
        tags = [
            f"I{tag[1:]}" if tag.startswith("B") and before[i][1:] != tag[1:] else tag
            for i, tag in enumerate(tags)
        ]
    else:
        letters = dict(zip("BILUO", SCHEMES[scheme]))
        tags = [letters[tag[0]] + tag[1:] for tag in tags]
    spaces = [bool(t.whitespace_) or (t.i + 1 < len(doc) and doc[t.i + 1].is_space) for t in doc]
    return [(t.text, tag, s) for t, tag, s in zip(doc, tags, spaces) if not t.is_space]


def conll(path: Path, records: Records, scheme: str = "iob2", four_columns: bool = False) -> None:
    blocks = []
    for doc in docs(records):
        middle = " -X- -X- " if four_columns else "\t"
        blocks.append("".join(f"{word}{middle}{tag}\n" for word, tag, _ in rows(doc, scheme)))
    start = "-DOCSTART- -X- -X- O\n\n" if four_columns else ""
    path.write_text("".join(f"{start}{block}\n" for block in blocks), encoding="utf8")


def iob(path: Path, records: Records) -> None:
    lines = (" ".join(f"{w}|{t}" for w, t, _ in rows(doc, "iob2")) for doc in docs(records))
    path.write_text("\n".join(lines), encoding="utf8")


def conllu(path: Path, records: Records) -> None:
    blocks = []
    for doc in docs(records):
        lines = [f"# text = {' '.join(doc.text.split())}"]
        for i, (word, tag, space) in enumerate(rows(doc, "biluo"), 1):
            misc = f"name={tag}" + ("" if space else "|SpaceAfter=No")
            lines.append("\t".join([str(i), word, *"_____", "_", "_", misc][:10]))
        blocks.append("\n".join(lines))
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf8")


def spacy_json(path: Path, records: Records) -> None:
    found = docs(records)
    for doc in found:  # docs_to_json goes by sentences
        for i, token in enumerate(doc):
            token.is_sent_start = i == 0
    path.write_text(json.dumps([docs_to_json(found)]), encoding="utf8")


def pairs(path: Path, records: Records) -> None:
    path.write_text(json.dumps([[text, {"entities": s}] for text, s in records]), encoding="utf8")


def docbin(path: Path, records: Records) -> None:
    DocBin(docs=docs(records)).to_disk(path)


def jsonl(path: Path, lines: List[Dict[str, Any]]) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf8")


def prodigy(path: Path, records: Records) -> None:
    keys = ("start", "end", "label")
    jsonl(
        path,
        [
            {"text": text, "spans": [dict(zip(keys, s)) for s in spans], "answer": "accept"}
            for text, spans in records
        ],
    )


def utf16(text: str, offset: int) -> int:
    """RETURNS (int): The offset as a browser counts it."""
    return len(text[:offset].encode("utf-16-le")) // 2


def characters(text: str, offset: int) -> int:
    """RETURNS (int): The offset as Python counts it."""
    return offset


def doccano(
    key: str, count: Callable[[str, int], int] = utf16, as_objects: bool = False
) -> Callable[[Path, Records], None]:
    """RETURNS (Callable): Writes what doccano exports. It counts as a browser does; not all versions do."""
    keys = ("start_offset", "end_offset", "label")

    def write(path: Path, records: Records) -> None:
        lines = []
        for i, (text, spans) in enumerate(records):
            counted = [[count(text, start), count(text, end), label] for start, end, label in spans]
            found = [dict(zip(keys, span)) for span in counted] if as_objects else counted
            lines.append({"id": i, "text": text, key: found, "Comments": []})
        jsonl(path, lines)

    return write


def regions(text: str, spans: List[Span]) -> List[Dict[str, Any]]:
    return [
        {
            "start": utf16(text, start),
            "end": utf16(text, end),
            "text": text[start:end],
            "labels": [label],
        }
        for start, end, label in spans
    ]


def label_studio(path: Path, records: Records) -> None:
    tasks = [
        {
            "id": i,
            "data": {"text": text},
            "annotations": [
                {
                    "was_cancelled": False,
                    "result": [
                        {"value": value, "from_name": "label", "to_name": "text", "type": "labels"}
                        for value in regions(text, spans)
                    ],
                }
            ],
            "predictions": [],
        }
        for i, (text, spans) in enumerate(records)
    ]
    path.write_text(json.dumps(tasks), encoding="utf8")


def label_studio_min(path: Path, records: Records) -> None:
    tasks = [
        {"text": text, "id": i, "label": regions(text, spans), "annotator": 1, "annotation_id": i}
        for i, (text, spans) in enumerate(records)
    ]
    path.write_text(json.dumps(tasks), encoding="utf8")


def brat(path: Path, records: Records) -> None:
    path.mkdir()
    for i, (text, spans) in enumerate(records):
        (path / f"{i:04}.txt").write_bytes(text.encode("utf8"))
        lines = [
            f"T{n}\t{label} {start} {end}\t{' '.join(text[start:end].splitlines())}\n"
            for n, (start, end, label) in enumerate(spans, 1)
        ]
        (path / f"{i:04}.ann").write_bytes("".join(lines).encode("utf8"))


# File name, what writes it, the format that import should say, and whether white space is lost
EXPORTS: Dict[str, Tuple[str, Callable[..., None], str, bool]] = {
    "CoNLL-2003": (
        "a.conll",
        lambda path, records: conll(path, records, "iob1", four_columns=True),
        "conll",
        True,
    ),
    "IOB": ("a.iob", lambda path, records: conll(path, records, "iob1"), "conll", True),
    "IOB2": ("a.bio", lambda path, records: conll(path, records, "iob2"), "conll", True),
    "BILUO": ("a.tsv", lambda path, records: conll(path, records, "biluo"), "conll", True),
    "BIOES": ("a.txt", lambda path, records: conll(path, records, "bioes"), "conll", True),
    "IOB lines": ("a.iob", iob, "iob", True),
    "CoNLL-U": ("a.conllu", conllu, "conllu", True),
    "spaCy 2 JSON": ("a.json", spacy_json, "spacy-json", False),
    "spaCy 2 pairs": ("a.json", pairs, "spacy-json", False),
    "DocBin": ("a.spacy", docbin, "spacy", False),
    "Prodigy": ("a.jsonl", prodigy, "prodigy", False),
    "doccano label": ("a.jsonl", doccano("label"), "doccano", False),
    "doccano labels": ("a.jsonl", doccano("labels"), "doccano", False),
    "doccano entities": ("a.jsonl", doccano("entities", characters, True), "doccano", False),
    "Label Studio": ("a.json", label_studio, "label-studio", False),
    "Label Studio JSON-MIN": ("a.json", label_studio_min, "label-studio", False),
    "brat": ("brat", brat, "brat", False),
}

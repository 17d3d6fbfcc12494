"""Find entities in any number of texts with the packaged pipeline."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tqdm import tqdm
from wasabi import msg
from weasel.util import get_checksum

from reading.gold import offsets, prodigy
from reading.lines import LONE_SURROGATES, Line
from reading.texts import read_records
from shared.commands import run
from shared.errors import InputError, clear_errors
from shared.workers import Workers, number_of_processes
from shared.writing import ATTRS, remove, staged

FORMATS = (".jsonl", ".spacy")
# A part is what one process does at a time and what a kill can cost. Both bound the memory.
PART_TEXTS = 2000
PART_CHARACTERS = 500_000
# Larger batches take more memory and no less time
BATCH_SIZE = 128
Record = Dict[str, Any]


_pipeline: Path  # in a process that finds entities
_nlp: Optional[Language] = None  # the same, as soon as there is something to do


class Part(NamedTuple):
    """Texts that follow each other, and the file for what is found in them."""

    path: Path
    records: List[Record]


def predict_cli(
    # fmt: off
    texts: Path = typer.Argument(
        ..., help="Texts: .jsonl, .txt, .csv or .tsv, each also .gz, or a folder"
    ),
    pipeline: Path = typer.Argument(..., help="The pipeline"),
    output: Path = typer.Argument(..., help="Output: .jsonl or .spacy"),
    n_process: int = typer.Option(1, help="Number of processes, -1 for one a core"),
    # fmt: on
) -> None:
    """Find entities in texts, and go on where an earlier run was stopped."""
    with clear_errors():
        n_texts, n_before = predict(texts, pipeline, output, n_process)
        before = f" ({n_before:,} of them in an earlier run)" if n_before else ""
        msg.good(f"Found the entities of {n_texts:,} texts{before}: {output}")


def predict(texts: Path, pipeline: Path, output: Path, n_process: int = 1) -> Tuple[int, int]:
    """Write what a pipeline finds in texts. The output is the same for any number of processes.

    What is done is kept in a hidden folder beside the output until the output is complete, so
    that a run that was stopped costs nothing but its unfinished parts.

    texts (Path): The texts, a file or folder that `read_records` understands.
    pipeline (Path): The pipeline on disk.
    output (Path): Where to write. A .jsonl file has each record with its "spans" in Prodigy's
        format; a warning names the first that had others. A .spacy file is a DocBin; if there is
        more than one part, it is a folder of them.
    n_process (int): Number of processes, -1 for one a core.
    RETURNS (Tuple[int, int]): The number of texts, and how many of them were done before.
    RAISES (InputError): If the texts, the pipeline or the name of the output are not usable, or
        if something else has that name.
    """
    if output.suffix not in FORMATS:
        raise InputError(
            f"Unknown file type '{output.suffix}'",
            output,
            remedy=f"Name a file that ends in {' or '.join(FORMATS)}.",
        )
    place = Path(os.path.realpath(output))
    if Path(os.path.realpath(texts)) in (place, *place.parents):
        raise InputError("The output is, or is in, the input", output, remedy="Name another one.")
    if not pipeline.is_dir():
        raise InputError("There is no pipeline", pipeline, remedy="Make it with the workflow all.")
    folder = output.with_name(f".{output.name}.parts")
    fingerprint = f"{spacy.__version__} {get_checksum(pipeline)}".encode()
    replaced: List[Line] = []
    paths = []
    sizes: Dict[bool, int] = {False: 0, True: 0}
    # Processes are what runs in parallel; threads of theirs would get in each other's way
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # First of all, since what can't be replaced, and another run, are best told of now
    with staged(output) as temporary:
        records = _keepable(texts, replaced) if output.suffix == ".jsonl" else _read(texts)
        parts = _split(records, folder, output.suffix, fingerprint)
        with (
            Workers(number_of_processes(n_process), _start, pipeline) as workers,
            tqdm(desc="Finding entities", unit=" texts", disable=None) as progress,
        ):
            for path, n_texts, before in workers.map(_finish, parts):
                paths.append(path)
                sizes[before] += n_texts
                if before and not progress.disable:
                    progress.initial += n_texts  # so that they don't count for the rate
                progress.update(n_texts)
        if not paths:
            raise InputError("No texts", texts, remedy="Put at least one text into it.")
        _join(paths, temporary, output.suffix)
    remove(folder)
    if replaced:
        msg.warn(
            f"{replaced[0].path}, {replaced[0].place}: 'spans' is there already",
            f"{output} has what the pipeline finds instead, there and in all other records. To "
            "keep the old ones, give them another name.",
        )
    return sum(sizes.values()), sizes[True]


def _read(texts: Path) -> Iterator[Record]:
    return (record for _, record in read_records(texts))


def _keepable(texts: Path, replaced: List[Line]) -> Iterator[Record]:
    """Read records that JSON can express, and note the first that has spans, which are replaced."""
    for where, record in read_records(texts):
        try:
            json.dumps(record, allow_nan=False)
        except ValueError:
            raise where.error(
                "It holds NaN or Infinity, which are no JSON", "Write null, or a string."
            ) from None
        if record.get("spans") and not replaced:
            replaced.append(where)
        yield record


def _split(
    records: Iterable[Record], folder: Path, suffix: str, fingerprint: bytes
) -> Iterator[Part]:
    """Divide the texts into parts whose names tell where they belong and what they depend on."""
    for number, chunk in enumerate(_chunks(records)):
        key = hashlib.blake2b(json.dumps(chunk).encode(), key=fingerprint, digest_size=16)
        yield Part(folder / f"{number:06}-{key.hexdigest()}{suffix}", chunk)


def _chunks(records: Iterable[Record]) -> Iterator[List[Record]]:
    chunk: List[Record] = []
    n_characters = 0
    for record in records:
        chunk.append(record)
        n_characters += len(record["text"])
        if len(chunk) == PART_TEXTS or n_characters >= PART_CHARACTERS:
            yield chunk
            chunk, n_characters = [], 0
    if chunk:
        yield chunk


def _start(pipeline: Path) -> None:
    global _pipeline, _nlp
    _pipeline, _nlp = pipeline, None


def _finish(part: Part) -> Tuple[Path, int, bool]:
    """RETURNS (Tuple[Path, int, bool]): The file of a part that is done now, the number of texts,
    and whether it was done before."""
    before = part.path.exists()
    if not before:
        _write(part)
    return part.path, len(part.records), before


def _write(part: Part) -> None:
    nlp = _load()
    # Without the zone, the vocabulary would keep every word of all texts
    with nlp.memory_zone(), staged(part.path) as path:
        docs = nlp.pipe((record["text"] for record in part.records), batch_size=BATCH_SIZE)
        if part.path.suffix == ".spacy":
            # The rules leave their id on what they find
            DocBin([*ATTRS, "ENT_ID"], docs=docs).to_disk(path)
        else:
            with path.open("w", encoding="utf8", newline="\n") as file:
                file.writelines(map(_line, part.records, docs))


def _load() -> Language:
    global _nlp
    if _nlp is None:
        try:
            _nlp = spacy.load(_pipeline)
        except (OSError, ValueError) as error:
            raise InputError(
                f"Can't load the pipeline: {error}",
                _pipeline,
                remedy="Make it with the workflow all.",
            ) from None
    return _nlp


def _line(record: Record, doc: Doc) -> str:
    found = prodigy(record["text"], offsets(doc))
    line = json.dumps({**record, **found}, ensure_ascii=False)
    # Other keys than the text can still hold these
    return LONE_SURROGATES.sub("\ufffd", line) + "\n"


def _join(parts: List[Path], output: Path, suffix: str) -> None:
    """Put the parts together, as a file, or as a folder if they are too many for a DocBin."""
    if suffix == ".spacy" and len(parts) > 1:
        remove(output)
        output.mkdir()
        for number, part in enumerate(parts):
            shutil.copyfile(part, output / f"{number:05}.spacy")
    else:
        with output.open("wb") as file:
            for part in parts:
                with part.open("rb") as found:
                    shutil.copyfileobj(found, file)


if __name__ == "__main__":
    run(predict_cli)

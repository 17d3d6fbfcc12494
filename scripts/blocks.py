"""The raw texts in blocks of bounded size, for processes that share the work."""

from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional

from readers import read_texts, text_files

# Bytes of a file, or characters. A block makes one shard, so this bounds what memory holds.
BLOCK_SIZE = 2**19
# What a string takes besides its characters
STRING_SIZE = 64


class Block(NamedTuple):
    """A part of a file with whole lines, or the texts themselves where lines are not records."""

    path: Path
    start: int = 0
    end: Optional[int] = None
    texts: Optional[List[str]] = None

    def read(self) -> Iterator[str]:
        """YIELDS (str): The texts.

        RAISES (InputError): If something is not usable. It counts the lines from the block's
            start, so that only `read_texts` of the whole can tell which it is.
        """
        if self.texts is not None:
            return iter(self.texts)
        return (text for _, text in read_texts(self.path, self.start, self.end))


def read_blocks(path: Path) -> Iterator[Block]:
    """Cut texts into blocks, always into the same, reading no more than needs be.

    Files with a record a line are only looked at where they are cut: who gets a block reads it. A
    record of a table may have several lines, and a compressed file can't be entered in the
    middle, so of these the texts are read here and handed out.

    path (Path): A file or folder that `read_texts` understands.
    YIELDS (Block): The blocks in order.
    RAISES (InputError): If a file is missing, or has a broken record and is not cut by lines.
    """
    for file in text_files(path):
        if file.suffix in (".jsonl", ".txt"):
            yield from _cut(file)
        else:
            yield from _collect(file)


def _cut(path: Path) -> Iterator[Block]:
    if not path.is_file():
        yield Block(path)  # whoever reads it says what is wrong
        return
    size = path.stat().st_size
    start = 0
    while size - start > BLOCK_SIZE:
        with path.open("rb") as file:
            file.seek(start + BLOCK_SIZE - 1)
            file.readline()
            end = file.tell()
        yield Block(path, start, end)
        start = end
    if start < size:
        yield Block(path, start, size)


def _collect(path: Path) -> Iterator[Block]:
    texts: List[str] = []
    total = 0
    for _, text in read_texts(path):
        texts.append(text)
        total += len(text) + STRING_SIZE
        if total >= BLOCK_SIZE:
            yield Block(path, texts=texts)
            texts, total = [], 0
    if texts:
        yield Block(path, texts=texts)

"""Word vectors for tests: small ones, made by spaCy, and the real ones where they are."""

import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from helpers.running import ROOT

REAL = ROOT / "assets" / "extra" / "en_core_web_md"
needs_real = pytest.mark.skipif(not REAL.exists(), reason=f"needs {REAL}, see assets/README.md")


def make_vectors(folder: Path, rows: Dict[str, List[float]], lang: str = "en") -> Path:
    """RETURNS (Path): A pipeline with these vectors and nothing else, made by `spacy init vectors`."""
    width = len(next(iter(rows.values())))
    lines = [f"{len(rows)} {width}", *(" ".join([w, *map(str, r)]) for w, r in rows.items())]
    folder.mkdir(parents=True)
    table = folder / "vectors.txt"
    table.write_text("\n".join(lines) + "\n", encoding="utf8")
    command = [sys.executable, "-m", "spacy", "init", "vectors", lang, table, folder / lang]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return folder / lang

"""The project's pipelines, to mark texts beforehand and to try: each loaded when it is first asked."""

import threading
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from annotating.doubt import doubts
from shared.errors import InputError


class Stages:
    """Pipelines by stage, loaded again when they are trained anew.

    paths (Dict[str, Path]): Their folders, which may be missing.
    """

    def __init__(self, paths: Dict[str, Path]) -> None:
        self.paths = paths
        self.mutex = threading.Lock()  # spaCy's pipelines are not made for several threads
        self._loaded: Dict[str, Tuple[int, Language]] = {}

    def there(self) -> List[str]:
        """RETURNS (List[str]): The stages that can be asked."""
        return list(self.made())

    def made(self) -> Dict[str, int]:
        """RETURNS (Dict[str, int]): When each stage that can be asked was written, by stage."""
        metas = {stage: path / "meta.json" for stage, path in self.paths.items()}
        return {stage: meta.stat().st_mtime_ns for stage, meta in metas.items() if meta.is_file()}

    def find(self, stage: str, text: str) -> Doc:
        """RETURNS (Doc): The text with the entities that the stage finds.

        RAISES (InputError): If there is no such pipeline, or it can't be loaded.
        """
        with self.mutex:
            return self._load(stage)(text)

    def doubts(self, texts: Sequence[str]) -> List[float]:
        """RETURNS (List[float]): How unsure the model is of each text, see doubt.py.

        RAISES (InputError): If there is no model, or it can't be loaded.
        """
        with self.mutex:
            return doubts(self._load("model"), texts)

    def _load(self, stage: str) -> Language:
        made = self.made().get(stage)
        if made is None:
            remedy = "Run convert first." if stage == "rules" else "Run all first."
            raise InputError(f"There is no {stage} to ask", self.paths.get(stage), remedy=remedy)
        if self._loaded.get(stage, (0,))[0] != made:
            path = self.paths[stage]
            try:
                self._loaded[stage] = made, spacy.load(path)
            except (OSError, ValueError) as error:  # e.g. half of it, while a new one is written
                raise InputError(f"The pipeline can't be loaded: {error}", path) from None
        return self._loaded[stage][1]

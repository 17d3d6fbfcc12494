"""How to train, for commands that train more than the workflow's own model."""

from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional


class Training(NamedTuple):
    """How to train, the same for all models that are compared."""

    config: Path
    seed: int
    max_steps: Optional[int]  # None for what the config says
    gpu_id: int = -1

    def overrides(self, train: Path, dev: Path) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Settings of the config, by their dotted names."""
        settings: Dict[str, Any] = {
            "paths.train": str(train),
            "paths.dev": str(dev),
            "system.seed": self.seed,
        }
        if self.max_steps is not None:
            settings["training.max_steps"] = self.max_steps
        return settings

"""Makes the scripts importable, as they are when Weasel runs one of them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

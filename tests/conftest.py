"""Makes the scripts importable, as they are when Weasel runs one of them."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

"""What tests share. May import everything in scripts/."""

import os
import sys

# Weasel hashes all of scripts/, so Python's cache there would make the workflow run again
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

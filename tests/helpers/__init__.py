"""What tests share. May import everything in scripts/."""

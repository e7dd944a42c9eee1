"""Floor 3: runs the chain over any number of rows and keeps the books. Read `build.py` first."""

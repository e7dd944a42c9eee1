"""As `python -m bench`, for the measurements of this folder."""

from bench.__main__ import main

main("bench.peers")

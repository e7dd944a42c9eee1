"""Measurements beside other tools, in environments of their own: `python -m bench.peers`, or `make bench-peers`."""

"""Measurements: `python -m bench`, or `make bench`. A module here holds generator functions named `bench_NAME`."""

"""Users' files as rows: a module for each way in which rows lie in a file. `rows.py` is the door."""

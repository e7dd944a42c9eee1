"""What users' files are made of: one module for each way in which rows lie in a file. `corpus/rows.py` is the door."""

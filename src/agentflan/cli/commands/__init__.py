"""The commands, found by listing this folder. See `list.py` for the shape of one."""

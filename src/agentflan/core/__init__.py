"""Floor 0: the nouns, the mistakes, and what every floor above needs. Read `types.py` first, `kinds.py` second."""

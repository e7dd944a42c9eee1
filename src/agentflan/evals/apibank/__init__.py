"""API-Bank (arXiv 2304.08244): its dialogues as problems, calls compared, replies measured."""

"""The paper's three observations (section 3) of any model on any corpus, without training."""

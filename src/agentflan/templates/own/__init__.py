"""A model folder's own chat template: read, run, checked, and its text taken apart; no plug in itself."""

"""Texts as vectors, for scores that measure how alike two texts are."""

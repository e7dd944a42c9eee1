"""The model to begin with."""

"""Which sequences make up a step."""

"""From a batch to moved weights."""

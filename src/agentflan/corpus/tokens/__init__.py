"""A corpus as tokens, each with what it trains."""

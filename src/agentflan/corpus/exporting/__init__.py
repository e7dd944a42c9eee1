"""A corpus in another tool's format: the runner, its books, the data card. The formats are `agentflan.exports`."""

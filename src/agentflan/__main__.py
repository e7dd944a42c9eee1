"""`python -m agentflan`: the same as the `agentflan` command."""

from agentflan.cli.main import main

main()

"""A language model's server with faults on order: real HTTP, replies by rule. `python -m agentflan.models.faulty`."""

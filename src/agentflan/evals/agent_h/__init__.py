"""The generated problems of the benchmark `agent_h`: domains and tools in `domains.toml`, made up by `world.py`."""

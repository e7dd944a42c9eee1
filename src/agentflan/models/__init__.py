"""Models: prompts in, replies out."""

"""What is told, and what stops a run."""

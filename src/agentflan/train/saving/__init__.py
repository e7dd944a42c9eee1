"""What stays on disk: checkpoints, and the folder a run leaves."""

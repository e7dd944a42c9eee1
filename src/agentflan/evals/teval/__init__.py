"""T-Eval (arXiv 2312.14033): six abilities of an agent, each measured by a sub-task of its own."""

"""MetaTool (arXiv 2310.03128): its files, and what a reply decides."""

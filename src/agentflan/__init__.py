"""Agent-FLAN: redesigned agent corpora, capability-aware tuning and honest evaluation (arXiv 2403.12881)."""

__version__ = "0.1.0"

"""What several dialects are made of; no plug in itself."""

"""What several templates are made of; no plug in itself."""

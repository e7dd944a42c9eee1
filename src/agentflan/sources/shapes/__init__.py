"""What raw rows are made of: the pieces that the sources read with; no plug in itself."""

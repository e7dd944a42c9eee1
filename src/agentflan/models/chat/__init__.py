"""Chat completions over HTTP: what goes over the wire, how fast, and what is tried again."""

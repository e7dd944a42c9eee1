"""Ways of writing a tool call, each found in any text in linear time."""

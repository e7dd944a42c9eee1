"""The marks of the template `agent_flan`, for tools that take a layout in a language of their own and not in Jinja."""

HUMAN = "<|Human|>\u0d46"
ASSISTANT = "<|Assistant|>\u0d46"
END = "\u0d3f"
BETWEEN = "\n "

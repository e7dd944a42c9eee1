"""What several dialects write with: listings of tools, and wordings from files that people can read and translate."""

"""BFCL, the Berkeley function calling leaderboard, its single-turn part: its files, prompt, decoders and AST rules."""

"""Floor 7: the command line, one thin file for each command."""

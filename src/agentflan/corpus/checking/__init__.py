"""What a file of rows is, what is wrong with it, and the repairs that are safe."""

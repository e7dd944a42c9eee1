"""What is wrong in data that can be read: the catalogue of lints, what finds them, and the repairs that are safe."""

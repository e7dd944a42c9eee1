"""How fast each capability is learned, and the weights that follow from it. Numpy alone."""

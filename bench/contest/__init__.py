"""Ways to tune one model on one GPU, for `bench/gpu.py`: the same weights, the same conversations, a process each."""

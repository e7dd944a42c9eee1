"""What transforms that ask a language model have in common: how a request is put, how a trajectory is told."""

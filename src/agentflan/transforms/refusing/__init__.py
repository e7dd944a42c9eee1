"""The two halves of `negatives`: which conversations are made from which, and what an assistant replies in them."""

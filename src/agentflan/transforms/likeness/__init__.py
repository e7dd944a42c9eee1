"""What it takes to find items that say the same: their texts, hashed n-grams, clusters, files of n-grams."""

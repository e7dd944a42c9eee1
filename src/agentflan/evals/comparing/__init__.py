"""Two models on the same problems: transcripts --runs--> pairs --comparison--> differences --paired--> what is luck."""

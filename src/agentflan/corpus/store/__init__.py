"""Trajectories and conversations on disk, as Parquet."""

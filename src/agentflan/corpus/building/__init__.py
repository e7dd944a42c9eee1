"""Runs the chain: tasks over files, in passes between Groups, with books that balance. Read job.py first."""

"""Tasks of lm-evaluation-harness, asked and graded by the house's own runner: its prompts, few-shots, metrics.

task YAML + local data --tasks--> Problem --folder or server--> Reply --the task's metric, or ours--> Score
"""

"""What runs in the peers' environments: each module hands an export to one tool as its users do, and says its labels.

They import their tool and the standard library alone.
"""

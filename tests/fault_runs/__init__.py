"""Runs of the suite under faults: whether any of them makes a check say what it would not say without."""

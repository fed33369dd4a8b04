"""Faults of real processes, and what is seen of each in metrics, logs and the store."""

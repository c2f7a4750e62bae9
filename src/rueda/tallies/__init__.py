"""Tallies: the mergeable accumulators of the kernel's Tally."""

"""Adapters of the notifier seam, one a file, found by entry point."""

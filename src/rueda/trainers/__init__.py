"""Adapters of the trainer seam, one a file, found by entry point."""

"""Adapters of the target seam, one a file, found by entry point."""

"""Adapters of the source seam, one a file, found by entry point."""

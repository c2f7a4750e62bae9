"""Adapters of the store seam, one a file, found by entry point."""

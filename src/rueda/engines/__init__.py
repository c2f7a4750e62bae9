"""Adapters of the engine seam, one a file, found by entry point."""

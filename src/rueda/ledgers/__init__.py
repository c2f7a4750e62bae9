"""Adapters of the ledger seam, one a file, found by entry point."""

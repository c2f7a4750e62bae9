"""The protocols that a server answers in, one a file."""

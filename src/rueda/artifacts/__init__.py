"""Typed views of artifacts: what each kind holds, how it is written and how it is read."""

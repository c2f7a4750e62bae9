"""Findings: what a profile shows to be wrong with the rows, in plain sentences."""

from rueda.artifacts.findings.finding import Finding
from rueda.artifacts.findings.rules import find

__all__ = ["Finding", "find"]

"""The kernel: digests, artifacts, tallies, transforms, stages, records, seams and errors."""

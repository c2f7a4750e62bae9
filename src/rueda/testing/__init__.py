"""Law suites: what every implementation of a seam, every tally and every transform must satisfy."""

"""The inference server: follow a ref, answer, log predictions, split traffic, speak HTTP."""

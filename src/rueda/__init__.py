"""Rueda: the whole life of a machine-learning model, and round again."""

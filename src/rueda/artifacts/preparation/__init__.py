"""The preparation: feature transforms, each fitted and applied in one file."""

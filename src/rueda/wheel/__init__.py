"""The wheel: plan, reuse, run, resume a lifecycle, and open what its runs made."""

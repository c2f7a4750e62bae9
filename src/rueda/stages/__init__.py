"""The seven stages: each a pure function from artifacts to artifacts, with a frozen spec."""

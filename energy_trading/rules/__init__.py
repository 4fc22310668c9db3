"""The rules of the market in integer Python: the specification, which knows nothing of a chain."""

"""Lots of injected energy: their making, their exchange, their history and the files that prove it."""

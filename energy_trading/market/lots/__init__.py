"""Lots of injected energy: certification, exchange, their history and dispute files."""

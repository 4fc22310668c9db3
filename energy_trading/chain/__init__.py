"""Reaching a chain: compiling the contracts, reading their artifacts, connecting to a node."""

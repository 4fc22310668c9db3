"""Curve operations and the schemes built on them; knows nothing of chains, markets or files."""

"""Curve operations, signatures and the schemes built on them; this room knows no chain, market or file."""

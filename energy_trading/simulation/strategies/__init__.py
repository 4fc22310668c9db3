"""Strategies: what a home orders in a slot, and how it uses its devices over a day."""

"""Offers and the verbs of one account."""

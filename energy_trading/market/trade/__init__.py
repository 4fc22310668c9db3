"""Trades: the offer as a document, and the client of an account that sells and buys."""

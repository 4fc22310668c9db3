"""Auctions of sealed quotes: the clients of publisher and bidder, the settlement, the keys of a committee."""

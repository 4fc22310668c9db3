"""Sealed-bid auctions: publishing, quoting, settling, and the committee that holds the key."""

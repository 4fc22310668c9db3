"""The client of a market, with one call style for trades, auctions and lots.

- What an account does is a verb of a client bound to a suite and a key: `Trader`, `Publisher`, `Bidder`,
  `LotOwner`. The verb sends the transaction in the account's name.
- What anyone may do is a function ``verb(suite, sender, …)``; the sender pays for the gas and nothing else.
- What is only written or signed needs no chain and is a function too: ``make_…`` writes a document down,
  and ``sign_…(…, key, domain)`` signs one.
- What the log states is read from one fold of it (`market.log.fold`).
"""

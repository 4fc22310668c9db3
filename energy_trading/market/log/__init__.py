"""What the log states: one fold of it, the accounts it makes, standings, new events, events as JSON."""

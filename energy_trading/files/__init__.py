"""Files and JSON: one way to read, to write whole, to keep private, to lock and to append."""

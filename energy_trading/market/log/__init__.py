"""What the log tells: replay, listings, standing, following a chain."""

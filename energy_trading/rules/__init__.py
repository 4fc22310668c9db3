"""The rules in integer Python, equal to the contracts to the bit; imports nothing of the chain."""

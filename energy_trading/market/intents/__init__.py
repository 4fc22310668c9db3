"""Signed orders as files: an account signs them, and anyone submits them."""

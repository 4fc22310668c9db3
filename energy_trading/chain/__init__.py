"""Reaching a chain: compile, artifacts, connect, deploy."""

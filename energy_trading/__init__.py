"""Peer-to-peer energy trading on any EVM chain."""

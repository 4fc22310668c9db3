"""The verifier council off chain: certificates of its members, and the homes' identities that they hold."""

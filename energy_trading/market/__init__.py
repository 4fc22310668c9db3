"""The user's verbs."""

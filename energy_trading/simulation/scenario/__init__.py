"""Scenario files: a researcher's whole question, read and checked, and the people in it."""

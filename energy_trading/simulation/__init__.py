"""A trading day of a neighbourhood, end to end: people, slots, faults, report."""

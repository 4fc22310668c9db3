"""Slots: how the energy of a quarter of an hour is divided among the homes of a neighbourhood."""

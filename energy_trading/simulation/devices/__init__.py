"""Devices of homes: photovoltaics, and what stores energy."""

"""Market designs: each turns the orders of a slot into fills."""

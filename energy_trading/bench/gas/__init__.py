"""What every operation costs in gas and in money."""

"""The meter gateway of a home: reads a meter continuously, signs what it measured, and hands it over."""

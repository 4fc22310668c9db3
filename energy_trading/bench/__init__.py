"""Gas, scaling, and the papers' tables and figures."""

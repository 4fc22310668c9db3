"""The market agent: a service that indexes the chain, carries signed orders and answers questions."""

"""What was delivered: readings, receipt keys, receipts."""

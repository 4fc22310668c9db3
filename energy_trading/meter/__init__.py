"""What was delivered: meter readings, receipt keys and signed receipts."""

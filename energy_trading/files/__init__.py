"""Files and JSON: reading, writing, private files, the journal."""

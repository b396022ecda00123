"""What a source says of its records, in their own files and in tables: readings, events, facts, circumstances."""

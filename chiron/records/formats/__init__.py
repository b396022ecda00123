"""Reading a recording, whatever the format of its files."""

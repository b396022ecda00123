"""Records: read a recording, hide who it is of, quarantine what can't be used, and ingest a whole source."""

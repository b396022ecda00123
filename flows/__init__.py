"""What runs, in order: one file per flow, order and decisions only."""

"""How real synthetic recordings look, and how far they reach beyond the real ones."""

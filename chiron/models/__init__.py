"""The `train` stage, the one-file model, and the registry (`registry` alone knows MLflow)."""

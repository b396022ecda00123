"""Windows, features, network, training, evaluation and the experiment that compares the ways of training."""

"""Controllers without a trainer: simulated streams of evidence, and what they do with them."""

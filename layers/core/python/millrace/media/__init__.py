"""Media formats and encode plans: pure code, without AWS, environment, clock or network."""

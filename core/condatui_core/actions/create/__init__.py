"""Creates an environment from specs: conda solves and links, condatui verifies what came of it."""

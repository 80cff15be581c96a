"""Whether CUDA works in an environment, and if not, why."""

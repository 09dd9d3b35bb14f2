"""What a study would do: told before anything trains."""

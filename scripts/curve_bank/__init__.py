"""Training curves of real small models with a cause injected and its effect verified."""

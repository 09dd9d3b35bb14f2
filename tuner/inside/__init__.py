"""Programs that run inside a trial's process; nothing of the driver (optuna, pydantic) is imported here."""

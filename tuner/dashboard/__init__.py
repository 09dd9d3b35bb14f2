"""A study in optuna-dashboard, which reads a mirror of it: the one writer of the study's storage remains its driver."""

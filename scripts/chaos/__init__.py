"""What can happen to a study, on purpose: one file a family of faults, one line a fault in the registry."""

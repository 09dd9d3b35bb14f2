"""A first configuration for what lies in a folder: found, not asked for."""

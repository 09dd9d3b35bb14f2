"""What is wrong with a data set, or odd about it: the findings of ``tuner data check``."""

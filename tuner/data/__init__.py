"""Data sets in the YOLO layout: converted or made up, checked before a trial starts, cut down for a stage."""

"""How well curves are read: measures, peers and tables of ``scripts/bench_diagnosis.py``."""

"""One family per file, found by scanning this folder; base.py is the contract between them and everything else."""

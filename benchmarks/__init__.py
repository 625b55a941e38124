"""Benchmarks: scripts that measure and print tables, with a rival in the same run."""

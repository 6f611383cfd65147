"""Benchmarks and the scripts that make the documentation's figures; ``python -m benchmarks`` is the table."""

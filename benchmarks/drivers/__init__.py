"""Programs under measurement. Each is a process of its own that :mod:`benchmarks.driving` starts and asks."""

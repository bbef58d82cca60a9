"""Programs that measure ratios within one run, each in a module of its own: `python -m tests.benchmarks.age --help`.

None of them asserts a time: a shared or slow machine moves both sides of a ratio. They fail only when something breaks.
"""

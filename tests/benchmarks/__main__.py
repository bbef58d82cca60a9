"""Run every benchmark: `python -m tests.benchmarks`, about 15 minutes, or less with --seconds."""

from . import age, cpu, manager_list, memory, slow_consumer
from .report import run_all

if __name__ == "__main__":
    run_all(
        [
            (age.measure, 20),
            (slow_consumer.measure, 60),
            (manager_list.measure, 20),
            (cpu.measure, 20),
            (memory.measure, 600),
        ]
    )

"""Run every benchmark: `python -m tests.benchmarks`, about half an hour, or less with --seconds."""

from . import age, cameras, cpu, manager_list, memory, overload, reconnects, rtsp, slow_consumer
from .report import run_all

if __name__ == "__main__":
    run_all(
        [
            (age.measure, 20),
            (rtsp.measure, 8),
            (slow_consumer.measure, 60),
            (manager_list.measure, 20),
            (cpu.measure, 20),
            (overload.measure, 30),
            (cameras.measure, 60),
            (reconnects.measure, 900),
            (memory.measure, 600),
        ]
    )

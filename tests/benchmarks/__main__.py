"""Run every benchmark: `python -m tests.benchmarks`, about half an hour, or less with --seconds."""

from . import (
    age,
    cameras,
    cpu,
    fanout,
    group_frames,
    idle,
    latest,
    manager_list,
    memory,
    overload,
    reconnects,
    relay_tree,
    renditions,
    rtsp,
    share_camera,
    slow_consumer,
    slow_link,
    sparse_sampling,
    video_capture,
)
from .report import run_all

if __name__ == "__main__":
    run_all(
        [
            (age.measure, 20),
            (rtsp.measure, 8),
            (slow_consumer.measure, 60),
            (manager_list.measure, 20),
            (latest.measure, 20),
            (video_capture.measure, 20),
            (cpu.measure, 20),
            (renditions.measure, 8),
            (sparse_sampling.measure, 40),
            (idle.measure, 60),
            (overload.measure, 30),
            (cameras.measure, 60),
            (fanout.measure, 10),
            (relay_tree.measure, 15),
            (share_camera.measure, 60),
            (group_frames.measure, 30),
            (slow_link.measure, 60),
            (reconnects.measure, 900),
            (memory.measure, 600),
        ]
    )

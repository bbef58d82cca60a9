"""Fixtures that all tests share."""

from collections.abc import Iterator

import pytest
import zmq

from tests.programs import Program, Start


@pytest.fixture
def start() -> Iterator[Start]:
    """Start programs, all of which the end of the test ends."""
    programs: list[Program] = []

    def run(*words: str) -> Program:
        programs.append(Program(*words))
        return programs[-1]

    yield run
    for program in programs:
        program.terminate()
    for program in programs:
        program.close()


@pytest.fixture
def context() -> Iterator["zmq.Context[zmq.Socket[bytes]]"]:
    """A ZeroMQ context whose sockets the end of the test closes, waiting for nothing."""
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)

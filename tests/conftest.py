"""Fixtures that all tests share."""

from collections.abc import Iterator
from typing import Any

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
    sockets: list[zmq.Socket[bytes]] = []

    class Keeping(zmq.Context[zmq.Socket[bytes]]):
        """Remembers its sockets, which a test that is over would forget unclosed."""

        def socket(self, *words: Any, **options: Any) -> zmq.Socket[bytes]:
            sockets.append(super().socket(*words, **options))
            return sockets[-1]

    made = Keeping()
    yield made
    for used in sockets:
        used.close(linger=0)
    made.term()

"""Members by host name; tests/integration/test_groups.py asks a real server."""

import errno
import logging
import os
import resource
import socket
from typing import Any

import pytest

from framefan.consumer.sharing import dns
from framefan.consumer.sharing.dns import Dns
from tests.programs import eventually

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"  # the second is of a block for documentation, and of no host
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
FAILURE = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


class Names:
    """What a resolver answers: addresses, or an error, by version of IP."""

    def __init__(self) -> None:
        self.four: list[str] | Exception = [HERE]
        self.six: list[str] | Exception = UNKNOWN
        self.asked = 0

    def getaddrinfo(self, _name: str, _port: None, family: socket.AddressFamily, *_: object) -> list[Any]:
        """Answer as the function of that name does."""
        answer = self.four if family == socket.AF_INET else self.six
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return [(family, socket.SOCK_DGRAM, 17, "", (address, 0)) for address in answer]

    def ask_twice(self) -> None:
        """Wait for an answer that was asked for from now on."""
        before = self.asked
        eventually(lambda: self.asked >= before + 2, "two questions", within=5)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A resolver whose answers the test decides, asked often."""
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    monkeypatch.setattr(dns, "_INTERVAL", 0.01)
    return names


def test_each_address_is_a_member(names: Names) -> None:
    """Members are the addresses, in order, and the one of this host is me; they follow the answers."""
    names.four = [ELSEWHERE, HERE, HERE]
    with Dns("analyze") as members:
        eventually(members.members, "an answer", within=5)
        assert (members.me, members.members()) == (HERE, (HERE, ELSEWHERE))
        names.four = [ELSEWHERE]
        names.ask_twice()
        assert (members.me, members.members()) == ("", (ELSEWHERE,))


def test_an_outage_changes_nothing(names: Names, caplog: pytest.LogCaptureFixture) -> None:
    """While nobody answers, or nothing is there, members stay as they were; both ends of that are told once."""
    names.four = [HERE, ELSEWHERE]
    with caplog.at_level(logging.INFO), Dns("analyze") as members:
        eventually(members.members, "an answer", within=5)
        for error in (FAILURE, UNKNOWN):
            names.four = error
            names.ask_twice()
            assert (members.me, members.members()) == (HERE, (HERE, ELSEWHERE))
        names.four = [HERE]
        names.ask_twice()
    assert members.members() == (HERE,)
    assert caplog.messages == [
        f"host name 'analyze' cannot be looked up ({FAILURE.strerror}); the members stay as they were",
        "host name 'analyze' is known again",
    ]


def test_a_process_with_too_many_files(names: Names, caplog: pytest.LogCaptureFixture) -> None:
    """While no socket can be made, to see which member this host is, members stay as they were, and follow then."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Dns("analyze") as members:
        eventually(members.members, "an answer", within=5)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
        try:
            names.four = [ELSEWHERE]
            names.ask_twice()
            assert (members.me, members.members()) == (HERE, (HERE,))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        eventually(lambda: members.members() == (ELSEWHERE,), "the answer", within=5)
    assert os.strerror(errno.EMFILE) in caplog.text


def test_nothing_is_known_before_the_first_answer(names: Names, caplog: pytest.LogCaptureFixture) -> None:
    """Without a first answer there are no members, and addresses of the other version of IP are not asked for."""
    names.four, names.six = FAILURE, ["::1"]
    with Dns("analyze") as members:
        names.ask_twice()
        assert (members.me, members.members()) == ("", ())
    assert "nothing is served until then" in caplog.text


def test_a_host_with_both_versions_of_ip_is_one_member(names: Names) -> None:
    """The fourth version counts if there is any, else the sixth, and it stays with that."""
    names.four, names.six = UNKNOWN, ["::1", "2001:db8::7"]
    with Dns("analyze") as members:
        eventually(members.members, "an answer", within=5)
        names.four = [HERE]
        names.ask_twice()
        assert (members.me, members.members()) == ("::1", ("2001:db8::7", "::1"))

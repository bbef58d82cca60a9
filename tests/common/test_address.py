"""Camera addresses and names."""

import pytest

from framefan.common.address import (
    CameraAddress,
    Endpoint,
    camera_name,
    canonical_rendition,
    is_raw,
    raw_topic,
    split_topic,
)
from framefan.common.errors import AddressError


def test_camera_address() -> None:
    """Host, port and camera are read, and three ports in a row derived."""
    address = CameraAddress.parse("tcp://shop.example:6000/door")
    assert (address.endpoint, address.camera, address.topic) == (Endpoint("shop.example", 6000), "door", "door")
    assert address.endpoint.frames == "tcp://shop.example:6000"
    assert address.endpoint.states == "tcp://shop.example:6001"
    assert address.endpoint.requests == "tcp://shop.example:6002"
    assert str(address) == "tcp://shop.example:6000/door"


def test_default_port() -> None:
    """Without a port it is 5550."""
    assert str(CameraAddress.parse("tcp://host/door")) == "tcp://host:5550/door"


def test_ipv6() -> None:
    """An IPv6 address stands in brackets, coming and going."""
    assert str(CameraAddress.parse("tcp://[::1]:5550/door")) == "tcp://[::1]:5550/door"


def test_rendition_is_canonical() -> None:
    """The same wishes in another order are the same rendition; empty ones are no wishes."""
    one = CameraAddress.parse("tcp://host/door?width=640&fps=5&height=")
    other = CameraAddress.parse("tcp://host/door?fps=05&width=640")
    assert one == other
    assert one.topic == "door?fps=5&width=640"


def test_address_without_camera_means_all() -> None:
    """An endpoint stands for all of its cameras, where one camera is not wanted."""
    assert CameraAddress.parse("tcp://host:5550").camera == ""
    with pytest.raises(AddressError, match="names no camera"):
        CameraAddress.parse_camera("tcp://host:5550/")


@pytest.mark.parametrize(
    "text",
    [
        "", "host", "host:5550/door", "http://host/door", "tcp://", "tcp:///door", "tcp://host:x/door",
        "tcp://host:70000/door", "tcp://host:65535/door", "tcp://user:secret@host/door", "tcp://host/a/b",
        "tcp://host/a%2Fb", "tcp://host/a%00b", "tcp://host/a b", "tcp://host/.hidden", "tcp://host/door#x",
        "tcp://host/door?size=3", "tcp://host/door?width=0", "tcp://host/door?width=many", "tcp://host?width=3",
    ],
)  # fmt: skip
def test_refuses(text: str) -> None:
    """What is no address is refused in one sentence that shows what one looks like."""
    with pytest.raises(AddressError) as caught:
        CameraAddress.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["door", "Tür-2", "cam_1.left", "7", "a" * 64])
def test_camera_names(name: str) -> None:
    """Letters of any language, digits, and three signs between them make a name."""
    assert camera_name(name) == name


@pytest.mark.parametrize("name", ["", "a/b", "a\0b", "..", ".a", "-a", "a b", "a?b", "a" * 65, "a\nb", "a\n"])
def test_refuses_names(name: str) -> None:
    """What cannot be a topic, a path and a file name at once is refused."""
    with pytest.raises(AddressError, match="camera name"):
        camera_name(name)


def test_endpoint() -> None:
    """An endpoint may be every interface and any port, but no camera."""
    assert Endpoint.parse("tcp://*:0") == Endpoint("*", 0)
    with pytest.raises(AddressError, match="names a camera"):
        Endpoint.parse("tcp://host:5550/door")


def test_canonical_rendition() -> None:
    """Wishes have one form, and the original has none; what is canonical stays so."""
    assert canonical_rendition("") == canonical_rendition("width=&fps=") == ""
    assert canonical_rendition("width=0640&gray=1&quality=60&fps=5") == "fps=5&gray=1&quality=60&width=640"
    assert canonical_rendition("fps=5&gray=1&quality=60&width=640") == "fps=5&gray=1&quality=60&width=640"


@pytest.mark.parametrize(
    "query",
    ["size=3", "width=16385", "height=-1", "fps=1001", "fps=2.5", "quality=101", "gray=0", "width=1e3"],
)
def test_refuses_renditions(query: str) -> None:
    """What no rendition has is refused and named, with the address if it stands in one."""
    with pytest.raises(AddressError, match="a rendition asks for"):
        canonical_rendition(query)
    with pytest.raises(AddressError, match="'tcp://host/door' asks for"):
        CameraAddress.parse(f"tcp://host/door?{query}")


@pytest.mark.parametrize("text", ["door", "T\u00fcr-2?gray=1", "door?fps=5&gray=1&height=480&quality=60&width=640"])
def test_topic(text: str) -> None:
    """A topic falls into camera and rendition, and is what an address makes of them."""
    camera, rendition = split_topic(text)
    assert CameraAddress(Endpoint("host"), camera, rendition).topic == text


@pytest.mark.parametrize(
    ("topic", "raw"),
    [
        ("door", "door?raw=1"),
        ("door?quality=60", "door?raw=1"),
        ("door?fps=5&quality=60&width=640", "door?fps=5&raw=1&width=640"),
        ("door?gray=1&height=480", "door?gray=1&height=480&raw=1"),
    ],
)
def test_raw_topic(topic: str, raw: str) -> None:
    """The pixels of a rendition are a topic of their own, of any quality the same, which is no address of people's."""
    assert raw_topic(topic) == raw_topic(raw) == raw
    assert split_topic(raw) == (raw.partition("?")[0], raw.partition("?")[2])
    assert is_raw(raw.partition("?")[2])
    assert not is_raw(topic.partition("?")[2])
    with pytest.raises(AddressError, match="asks for 'raw'"):
        CameraAddress.parse(f"tcp://host/{raw}")


@pytest.mark.parametrize(
    "topic",
    [
        "", "?fps=5", "door?", "door?fps=", "door?fps=05", "door?width=640&fps=5", "door?fps=5&fps=5", "door?fps=5&",
        "door?fps=%35", "door?fps=\u0665", "door?size=3", "door?fps=0", "door?fps=5?", "a/b?fps=5", "door?x",
        "door?fps=5\n",
    ],
)  # fmt: skip
def test_refuses_topics(topic: str) -> None:
    """A topic that no address makes is refused: each rendition has one name, whoever asks for it."""
    with pytest.raises(AddressError):
        split_topic(topic)

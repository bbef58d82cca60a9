"""Files that people write, and what is none."""

import os
import socket
from pathlib import Path

import pytest

from framefan.common.errors import OptionError
from framefan.producer.small_file import LARGEST, read_small_file


def test_reads_a_file_and_what_links_to_it(tmp_path: Path) -> None:
    """A link to a regular file is as good as the file."""
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("größe = 1\n")
    link.symlink_to(file)
    assert read_small_file(link) == "größe = 1\n"
    file.write_bytes(b"#" * LARGEST)
    assert len(read_small_file(file)) == LARGEST


def test_refuses_what_is_no_file_or_has_no_end(tmp_path: Path) -> None:
    """Each is refused at once, in a sentence that names it and the remedy."""
    made = {name: tmp_path / name for name in ("fifo", "socket", "folder", "loop", "large", "sparse", "text", "nix")}
    os.mkfifo(made["fifo"])
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(made["socket"]))
    made["folder"].mkdir()
    made["loop"].symlink_to(made["loop"])
    made["large"].write_bytes(b"#" * (LARGEST + 1))
    with made["sparse"].open("wb") as sparse:
        sparse.truncate(10 << 30)
    made["text"].write_bytes(b"\xff")
    complaints = {
        made["fifo"]: "is a FIFO: name a regular file", made["socket"]: "is a socket: name", Path("/dev/zero"): "a dev",
        made["folder"]: "is a directory: name", made["loop"]: "symbolic links: name", made["large"]: "is larger than",
        made["sparse"]: "is larger than", made["text"]: "is not a text in UTF-8: name", made["nix"]: "No such file",
        tmp_path / "a\0b": "is no path: name a file",
    }  # fmt: skip
    for path, complaint in complaints.items():
        with pytest.raises(OptionError, match=complaint):
            read_small_file(path)

"""What was written and what was missed, as JSON lines beside the samples; and how much of it is kept."""

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .outputs import Output

NAME = "samples.jsonl"
_SPARE = 1000
"""Lines of files that are gone, from which on the ledger is written anew."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How much to keep: the newest files, as far as every limit that is given allows; age in s, size in bytes."""

    age: float | None = None
    count: int | None = None
    size: int | None = None

    @property
    def all(self) -> bool:
        """True if there is no limit."""
        return self.age is None and self.count is None and self.size is None


class Ledger:
    """A line of JSON for each sample that was written and for what was missed. Safe to share between threads.

    With limits, the oldest samples are deleted when a new one is written: only files that the ledger names, and only
    as long as they have the size that it tells. It is read at the start, so that those of earlier runs count as well.

    Args:
        store: where it and the samples are.
        keep: the limits.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, store: Output, keep: Keep) -> None:
        self._store = store
        self._keep = keep
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}
        self._size = 0
        self._lines = self._needed = 0
        if not keep.all:
            for line in store.read(NAME).splitlines():
                self._lines += 1
                self._remember(line)

    def wrote(self, file: str, size: int, captured: datetime, **facts: Any) -> None:
        """Note that a file was written, and delete what is too much then.

        Raises:
            OSError: this cannot be noted, or nothing can be deleted.
        """
        entry = {"file": file, "size": size, "captured": captured.isoformat()} | facts
        with self._lock:
            self._append(entry)
            if not self._keep.all:
                self._add(entry)
                self._enforce()

    def missed(self, **facts: Any) -> None:
        """Note what was missed.

        Raises:
            OSError: this cannot be noted.
        """
        with self._lock:
            self._append(facts)

    def _append(self, entry: dict[str, Any]) -> None:
        self._store.append(NAME, json.dumps(entry).encode() + b"\n")
        self._lines += 1

    def _remember(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            if "deleted" in entry:
                self._drop(entry["deleted"])
            elif "file" in entry:
                datetime.fromisoformat(entry["captured"])
                self._add(entry | {"size": int(entry["size"]), "file": str(entry["file"])})
        except (ValueError, TypeError, KeyError):
            return  # cut off, or not ours: what it names is not deleted

    def _add(self, entry: dict[str, Any]) -> None:
        self._drop(entry["file"])  # one that is written again is a new one
        self._kept[entry["file"]] = entry
        self._size += entry["size"]

    def _drop(self, file: str) -> None:
        entry = self._kept.pop(file, None)
        self._size -= entry["size"] if entry else 0

    def _enforce(self) -> None:
        while self._kept and self._is_too_much():
            oldest = next(iter(self._kept.values()))
            self._store.delete(oldest["file"], oldest["size"])
            self._append({"deleted": oldest["file"]})
            self._drop(oldest["file"])
        if self._lines > 2 * max(self._needed, len(self._kept)) + _SPARE:
            lines: list[bytes] = []
            for line in self._store.read(NAME).splitlines(keepends=True):
                if self._is_needed(line, since_kept=bool(lines)):
                    lines.append(line)
            self._store.write(NAME, b"".join(lines))
            self._lines = self._needed = len(lines)

    def _is_needed(self, line: bytes, *, since_kept: bool) -> bool:
        """Return whether a line is of a file that is kept, or of what was missed since the oldest of those."""
        try:
            entry = json.loads(line)
            return entry == self._kept.get(entry.get("file")) or (since_kept and "missed" in entry)
        except (ValueError, AttributeError):
            return False

    def _is_too_much(self) -> bool:
        keep, oldest = self._keep, datetime.fromisoformat(next(iter(self._kept.values()))["captured"])
        return (
            (keep.count is not None and len(self._kept) > keep.count)
            or (keep.size is not None and self._size > keep.size)
            or (keep.age is not None and (datetime.now(UTC) - oldest).total_seconds() > keep.age)
        )

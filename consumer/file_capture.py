"""OpenCV's own capture, for films and whatever else is no camera."""

import ctypes
import threading
from typing import Any

import cv2

from ..common.url import shown
from .forks import tell_of_forks

_OPENCV = cv2.VideoCapture
"""Taken now, since programs may put our class in its place."""


class FileCapture:
    """A `cv2.VideoCapture` that threads can share, and that a forked process has for itself."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stale = False
        self._opened: tuple[Any, ...] = ()
        self._reader = _OPENCV()
        tell_of_forks(self)

    def open(self, *source: Any) -> bool:
        """Open what `cv2.VideoCapture.open` does. An error of OpenCV's names the whole URL, so this raises one of ours.

        Raises:
            cv2.error: it cannot be opened, and failures are to raise.
        """
        self._opened = source
        name = source[0] if isinstance(source[0], str) else ""
        try:
            return bool(self.call("open", *source))
        except cv2.error:
            if shown(name) == name:
                raise
        raise cv2.error(f"could not open {shown(name)!r}")  # outside the handler, whose error is not to be its context

    def call(self, method: str, *words: Any) -> Any:
        """Call a method of the capture and return its answer; what is None at the end of the words was not given."""
        while words and words[-1] is None:
            words = words[:-1]
        with self._lock:
            if self._stale:
                self._reopen()
            return getattr(self._reader, method)(*words)

    def _forked(self) -> None:
        self._lock, self._stale = threading.RLock(), True
        # Its threads are not here, and its end would wait for theirs: the parent's is never to be collected.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._reader))

    def _reopen(self) -> None:
        """Open the same in this process and go on where the parent was."""
        self._stale = False
        parents, self._reader = self._reader, _OPENCV()
        if parents.isOpened() and self.call("open", *self._opened):
            self._reader.set(cv2.CAP_PROP_POS_FRAMES, parents.get(cv2.CAP_PROP_POS_FRAMES))
        self._reader.setExceptionMode(parents.getExceptionMode())

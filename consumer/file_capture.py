"""OpenCV's own capture, for films and whatever else is no camera."""

import ctypes
import os
import threading
from typing import Any

import cv2

_OPENCV = cv2.VideoCapture
"""Taken now, since programs may put our class in its place."""


class FileCapture:
    """A `cv2.VideoCapture` that threads can share, and that a forked process has for itself."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._opened: tuple[Any, ...] = ()
        self._reader = _OPENCV()

    def open(self, *source: Any) -> bool:
        """Open what `cv2.VideoCapture.open` does."""
        self._opened = source
        return bool(self.call("open", *source))

    def call(self, method: str, *words: Any) -> Any:
        """Call a method of the capture and return its answer; what is None at the end of the words was not given."""
        if self._process != os.getpid():
            self._reopen()
        while words and words[-1] is None:
            words = words[:-1]
        with self._lock:
            return getattr(self._reader, method)(*words)

    def _reopen(self) -> None:
        """Open the same in this process and go on where the parent was."""
        self._process, self._lock = os.getpid(), threading.Lock()
        parents, self._reader = self._reader, _OPENCV()
        # Its threads are not here, and its end would wait for theirs: it is never to be collected.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(parents))
        self._reader.setExceptionMode(parents.getExceptionMode())
        if parents.isOpened() and self.call("open", *self._opened):
            self._reader.set(cv2.CAP_PROP_POS_FRAMES, parents.get(cv2.CAP_PROP_POS_FRAMES))

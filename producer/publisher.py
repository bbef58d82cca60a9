"""Publish pictures that you make yourself."""

import os
import secrets
import threading
import time
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import zmq

from ..common import jpeg, wire
from ..common.address import Endpoint, camera_name
from ..common.clock import boot_id
from ..common.errors import MissingPackage
from ..common.internal_errors import Containment
from ..common.state import State
from .hub import Hub

_PASS_MS = 50

Bytes = bytes | bytearray | memoryview


class Publisher:
    """A producer inside your own program: gives pictures to any number of subscribers.

        with Publisher("tcp://*:5550") as publisher:
            publisher.publish("door", image)

    Safe to use from several threads.

    Args:
        endpoint: where to listen: `tcp://*:5550` for every interface, port 0 for any free one.
        quality: of the JPEG that arrays are encoded to, 1 to 100.

    Raises:
        AddressError: the endpoint means nothing.
        BindError: the port is in use, or the address is not of this machine.
    """

    def __init__(self, endpoint: str, *, quality: int = 80) -> None:
        if not 1 <= quality <= 100:
            raise ValueError(f"quality {quality} is not from 1 to 100")
        self._quality = quality
        self._process = os.getpid()
        self._run = secrets.token_hex(4)
        self._hub = Hub(Endpoint.parse(endpoint))
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="framefan-publisher")
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where it listens, with the real port."""
        return str(self._hub.endpoint)

    def publish(self, camera: str, picture: npt.NDArray[np.uint8] | Bytes, *, captured_ns: int | None = None) -> int:
        """Publish a picture as the newest frame of a camera.

        Args:
            camera: name; the first picture of a name adds that camera.
            picture: BGR uint8 (height, width, 3), gray uint8 (height, width), or the bytes of a JPEG, sent as they are.
            captured_ns: when it was captured, on this host's `time.monotonic_ns()`; now by default.

        Returns:
            the frame's number.

        Raises:
            ValueError: the picture is neither such an array nor a whole JPEG, or the publisher is closed.
            AddressError: the name is not possible.
            MissingPackage: the picture is an array, and simplejpeg is not installed.
        """
        now = time.monotonic_ns()
        captured = now if captured_ns is None else captured_ns
        is_jpeg = isinstance(picture, Bytes)
        data = bytes(picture) if isinstance(picture, Bytes) else self._encode(picture)
        width, height = jpeg.size(data)
        with self._lock:
            if self._closed.is_set():
                raise ValueError(f"the publisher at {self.endpoint} is closed")
            if self._process != os.getpid():
                raise ValueError(
                    f"the publisher at {self.endpoint} belongs to another process: make one in this process"
                )
            status = self._hub.cameras.get(camera) or self._hub.add(camera_name(camera))
            header = wire.Header(
                camera,
                status.seq + 1,
                captured,
                time.time_ns() - (now - captured),
                run=self._run,
                boot=boot_id(),
                width=width,
                height=height,
                quality=0 if is_jpeg else self._quality,
                encode_ns=time.monotonic_ns() - now,
            )
            status.codec, status.size, status.encode_ms = "jpeg", (width, height), header.encode_ns / 1e6
            self._hub.publish(wire.pack(header, data))
            self._hub.wake()
            return header.seq

    def close(self) -> None:
        """End publishing. Safe to call twice."""
        with self._lock:
            self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _encode(self, image: npt.NDArray[np.uint8]) -> bytes:
        image = np.asarray(image)  # what is none, such as the None of a failed `cv2.imread`, is an array of objects
        colour = image.ndim == 3 and image.shape[2] == 3
        if image.dtype != np.uint8 or not (colour or image.ndim == 2) or image.size == 0:
            raise ValueError(
                f"a picture is uint8 of shape (height, width, 3) or (height, width), not {image.dtype} {image.shape}"
            )
        try:
            from .array_encoder import encode_array  # libjpeg-turbo only for those who publish arrays
        except ImportError as error:
            raise MissingPackage.of(error) or error from None
        return encode_array(image, self._quality)

    def _serve(self) -> None:
        poller, containment = zmq.Poller(), Containment()
        for public in self._hub.inputs:
            poller.register(public, zmq.POLLIN)
        while not self._closed.is_set():
            poller.poll(_PASS_MS)
            with containment.contain("readers"):
                self._hub.serve()
            for status in list(self._hub.cameras.values()):
                if status.stalled:
                    self._hub.change(status, State.STALLED, "connected, but no frame comes")
                elif status.state is not State.LIVE and status.fresh:
                    self._hub.change(status, State.LIVE)
        self._hub.close()

"""An RTSP server that shares no line of code with ours: GStreamer's. The system's Python has its bindings.

    /usr/bin/python3 gstreamer_server.py [PORT]

It shows colour bars at /h264, /h265 and /mjpeg, 320x240 at 10 frames per second, and prints its port.
"""

import sys

import gi  # type: ignore[import-not-found,import-untyped,unused-ignore]  # pyright: ignore

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore  # noqa: E402  # pyright: ignore

CODECS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay name=pay0 config-interval=1",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph265pay name=pay0 config-interval=1",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0",
}


def main() -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1] if len(sys.argv) > 1 else "0")
    for codec, encoder in CODECS.items():
        factory = GstRtspServer.RTSPMediaFactory(shared=True)
        factory.set_launch(
            "( videotestsrc is-live=true pattern=smpte ! "
            f"video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! {encoder} )"
        )
        server.get_mount_points().add_factory(f"/{codec}", factory)
    assert server.attach(None), "cannot listen"
    print("port", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()

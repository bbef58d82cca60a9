"""An RTSP server that shares no line of code with ours: GStreamer's. The system's Python has its bindings.

    /usr/bin/python3 gstreamer_server.py [--port PORT] [--timeout SECONDS] [--sessions COUNT] [--auth basic|digest]

It shows colour bars, 320x240 at 10 frames per second, at /h264, /h265 and /mjpeg; at /sparse with a keyframe every five
seconds only; at /resize with another size every two seconds; at /big 1280x720 at 25 frames per second. It prints its
port, and `expired` for every session that was not kept alive, which it expects of those over UDP only. With --auth it
asks for the password `wr1te` of `viewer`.
"""

import argparse

import gi  # type: ignore[import-not-found,import-untyped,unused-ignore]  # pyright: ignore

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore  # noqa: E402  # pyright: ignore

# One thread, hence one slice: of several the first is starved of bits at the start, and gets parameter sets of its own.
H264 = (
    "x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max={} ! rtph264pay name=pay0 config-interval=-1"
)
MOUNTS = {
    "h264": H264.format(10),
    "sparse": H264.format(50),
    "resize": H264.format(10),
    "big": H264.format(25),
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph265pay name=pay0 config-interval=-1",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0",
}
CAPS = "video/x-raw,format=I420,width={},height={},framerate={}/1"
SMALL, LARGE, BIG = (320, 240, 10), (640, 480, 10), (1280, 720, 25)
USER, PASSWORD = "viewer", "wr1te"


def main() -> None:
    """Serve until killed."""
    options = parse()
    Gst.init(None)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=options.port)
    for name, encoder in MOUNTS.items():
        factory = GstRtspServer.RTSPMediaFactory(shared=True)
        size = CAPS.format(*(BIG if name == "big" else SMALL))
        factory.set_launch(
            f"( videotestsrc is-live=true pattern=smpte ! capsfilter name=size caps={size} ! {encoder} )"
        )
        if name == "resize":
            factory.connect("media-configure", lambda _, media: GLib.timeout_add_seconds(2, resize, media))
        if options.auth:
            allow(factory)
        server.get_mount_points().add_factory(f"/{name}", factory)
    if options.auth:
        server.set_auth(guard(options.auth))
    pool = server.get_session_pool()
    pool.set_max_sessions(options.sessions)
    if options.timeout:
        server.connect("client-connected", lambda _, client: client.connect("new-session", limit, options.timeout))
        GLib.timeout_add(250, lambda: [print("expired", flush=True) for _ in range(pool.cleanup())] or True)
    assert server.attach(None), "cannot listen"
    print("port", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--timeout", type=int)
    parser.add_argument("--sessions", type=int, default=0)
    parser.add_argument("--auth", choices=("basic", "digest"))
    return parser.parse_args()


def limit(_client: object, session: GstRtspServer.RTSPSession, seconds: int) -> None:
    """Let a session end after so many seconds without a sign of life."""
    session.set_timeout(seconds)
    session.props.extra_timeout = 0


def resize(media: GstRtspServer.RTSPMedia) -> bool:
    """Change the picture's size."""
    size = media.get_element().get_by_name("size")
    now = size.props.caps.get_structure(0).get_int("width")[1]
    size.props.caps = Gst.Caps.from_string(CAPS.format(*(LARGE if now == SMALL[0] else SMALL)))
    return True


def guard(scheme: str) -> GstRtspServer.RTSPAuth:
    """Return who asks for the password."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, USER)
    if scheme == "basic":
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(USER, PASSWORD, token)
    return auth


def allow(factory: GstRtspServer.RTSPMediaFactory) -> None:
    """Let the one user watch."""
    permissions = GstRtspServer.RTSPPermissions()
    for right in ("access", "construct"):
        permissions.add_permission_for_role(USER, f"media.factory.{right}", True)
    factory.set_permissions(permissions)


main()

"""An embedded RTSP camera for demos and tests: draws a scene with a clock, and has every fault a camera can have."""

"""MJPEG by HTTP, each picture handed over with its last byte."""

"""RTSP as both ends speak it, and a client that hands over each picture with its last byte."""

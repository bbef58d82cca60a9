"""The producer's end: grabs cameras and publishes their frames."""

from .publisher import Publisher

__all__ = ["Publisher"]

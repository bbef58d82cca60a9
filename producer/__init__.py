"""The producer's end: grabs cameras and publishes their frames."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .publisher import Publisher

__all__ = ["Publisher"]


def __getattr__(name: str) -> Any:
    """Import the publisher when it is asked for: captures and the command line have no use for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .publisher import Publisher

    return Publisher


def __dir__() -> list[str]:
    """Return the names that are imported when they are asked for as well."""
    return sorted({*globals(), *__all__})

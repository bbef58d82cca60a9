"""What packages, ours and others', bring to framefan by entry points: commands, probes, memberships."""

from importlib import metadata
from typing import Any

from .errors import FramefanError, MissingPackage


def of_group(group: str) -> dict[str, metadata.EntryPoint]:
    """Return the entry points of a group by name, in alphabetical order; none of them is imported."""
    return {point.name: point for point in sorted(metadata.entry_points(group=group), key=lambda point: point.name)}


def load(point: metadata.EntryPoint) -> Any:
    """Import what an entry point names.

    Raises:
        MissingPackage: a package that it imports is not installed.
        FramefanError: it cannot be imported for another reason.
    """
    of = f"{point.name} of the package {point.dist.name if point.dist else point.value} cannot be loaded"
    try:
        return point.load()
    except ImportError as error:
        raise MissingPackage.of(error) or MissingPackage(f"{of}: {error}", name=error.name) from error
    except (Exception, SystemExit) as error:
        raise FramefanError(f"{of}: {type(error).__name__}: {error}") from error

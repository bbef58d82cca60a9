"""From a numpy array to a JPEG. Needs no PyAV, which disagrees with OpenCV's windows in one process."""

import numpy as np
import numpy.typing as npt
import simplejpeg


def encode_array(image: npt.NDArray[np.uint8], quality: int) -> bytes:
    """Return the JPEG of a BGR (height, width, 3) or gray (height, width) uint8 array."""
    gray = image.ndim == 2
    return simplejpeg.encode_jpeg(  # type: ignore[no-any-return]
        np.ascontiguousarray(image[..., np.newaxis] if gray else image),
        quality=quality,
        colorspace="GRAY" if gray else "BGR",
        colorsubsampling="GRAY" if gray else "420",
    )

"""Pictures and sound as data; no screen, no socket.

Pictures are numpy arrays (height, width, 4) of uint8 in the order blue, green, red, unused.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

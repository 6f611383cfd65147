"""A process that scores images: ``python -m feraug.faces.worker mediapipe MODEL < images > scores``.

Images are raw uint8 (N, 48, 48) on stdin, scores raw float32 (N,) on stdout.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import numpy as np

from feraug.faces.cascade import CascadeDetector
from feraug.faces.detector import FaceDetector, scores_here
from feraug.faces.mediapipe import MediapipeDetector
from feraug.images import SIDE


def main(arguments: list[str]) -> None:
    """Score what comes on stdin with the detector that ``arguments`` name."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the process that started this one
    name, *rest = arguments
    detector: FaceDetector = MediapipeDetector(Path(rest[0])) if name == "mediapipe" else CascadeDetector()
    images = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(-1, SIDE, SIDE)
    sys.stdout.buffer.write(scores_here(detector, images).tobytes())


if __name__ == "__main__":
    main(sys.argv[1:])

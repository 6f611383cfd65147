"""Faces in pictures: how sure a detector is that a 48x48 image is one, and where they are in photos.

mediapipe's detector where it and its model can be had, scikit-image's cascade otherwise;
:func:`face_detector` says which it took, and why.
"""

from feraug.faces.boxes import Box, crop_face
from feraug.faces.choice import face_detector, face_scores, find_faces
from feraug.faces.detector import FaceDetector
from feraug.faces.mediapipe import quietly
from feraug.faces.model_file import MODEL_NAME, MODEL_SHA256, MODEL_URL, NoModelFileError, kept_model

__all__ = [
    "MODEL_NAME",
    "MODEL_SHA256",
    "MODEL_URL",
    "Box",
    "FaceDetector",
    "NoModelFileError",
    "crop_face",
    "face_detector",
    "face_scores",
    "find_faces",
    "kept_model",
    "quietly",
]

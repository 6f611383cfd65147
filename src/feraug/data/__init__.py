"""Faces in memory or on the device: conversion, batches by number, augmentation, a torch Dataset."""

from feraug.data.batches import ClassBatches, EmotionBatches, PairBatches, Sampling, noise
from feraug.data.images import FaceTensors, on_device, to_float, to_uint8
from feraug.data.labelled import LabelledBatches, LabelledFaces, Phase, evaluation_views
from feraug.data.streams import FaceStream, MixedFaces, ShuffledFaces, ShuffledRows, mixed_places
from feraug.data.views import vary

__all__ = [
    "ClassBatches",
    "EmotionBatches",
    "FaceStream",
    "FaceTensors",
    "LabelledBatches",
    "LabelledFaces",
    "MixedFaces",
    "PairBatches",
    "Phase",
    "Sampling",
    "ShuffledFaces",
    "ShuffledRows",
    "evaluation_views",
    "mixed_places",
    "noise",
    "on_device",
    "to_float",
    "to_uint8",
    "vary",
]

"""Faces in memory or on the device: conversion, batches by number, augmentation, a torch Dataset."""

from feraug.data.batches import ClassBatches, PairBatches, Sampling, ShuffledRows, noise
from feraug.data.images import FaceTensors, on_device, to_float, to_uint8
from feraug.data.labelled import LabelledBatches, LabelledFaces, Phase, evaluation_views
from feraug.data.views import vary

__all__ = [
    "ClassBatches",
    "FaceTensors",
    "LabelledBatches",
    "LabelledFaces",
    "PairBatches",
    "Phase",
    "Sampling",
    "ShuffledRows",
    "evaluation_views",
    "noise",
    "on_device",
    "to_float",
    "to_uint8",
    "vary",
]

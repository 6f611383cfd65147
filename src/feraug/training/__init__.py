"""Training loops as generator functions over a state that turns into plain arrays and back."""

from feraug.training.gan import Batches, StepReport, constant_then_linear, fit
from feraug.training.state import TrainState, load_network

__all__ = ["Batches", "StepReport", "TrainState", "constant_then_linear", "fit", "load_network"]

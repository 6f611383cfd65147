"""Training loops as generator functions over a state that turns into plain arrays and back."""

from feraug.training.arrays import load_network
from feraug.training.classifier import ClassifierState, fit_classifier
from feraug.training.compiled import cannot_compile, compile_networks, without_compiler
from feraug.training.gan import Batches, StepReport, fit
from feraug.training.plan import BudgetPlan, Plan, StepPlan, constant_then_linear, read_every
from feraug.training.processes import alone, any_of, first_says, gathered, new_fabric
from feraug.training.state import TrainState

__all__ = [
    "Batches",
    "BudgetPlan",
    "ClassifierState",
    "Plan",
    "StepPlan",
    "StepReport",
    "TrainState",
    "alone",
    "any_of",
    "cannot_compile",
    "compile_networks",
    "constant_then_linear",
    "first_says",
    "fit",
    "fit_classifier",
    "gathered",
    "load_network",
    "new_fabric",
    "read_every",
    "without_compiler",
]

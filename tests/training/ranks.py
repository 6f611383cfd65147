"""What two processes do for ``test_several_processes.py``: train, and complain unless both end alike."""

from __future__ import annotations

import sys

import numpy as np
import torch
from lightning_fabric import Fabric

from feraug.config import model_config
from feraug.data import ClassBatches, Sampling
from feraug.models import build_networks
from feraug.objectives import build_objective
from feraug.training import StepPlan, TrainState, constant_then_linear, fit, new_fabric


def main() -> None:
    """Train the models that ``sys.argv`` names, one after another, in one of two processes."""
    both = new_fabric(torch.device("cpu"), devices=2)
    both.launch()
    assert both.world_size == 2
    status = max(train(model, both) for model in sys.argv[1:])
    torch.distributed.destroy_process_group()  # else gloo's threads may outlive what they use
    sys.exit(status)


def train(model: str, fabric: Fabric) -> int:
    """0 when weights, averages and statistics of batch norms are alike to the bit."""
    config = model_config(
        {
            "model": model, "base_channels": 2, "discriminator_channels": 2, "batch_size": 6,
            "emotions": ["fear", "sad"], "diff_augment": "translation,cutout,brightness",
        }
    )  # fmt: skip
    faces = np.random.default_rng(0).integers(0, 256, (9, 48, 48), dtype=np.uint8)
    sampling = Sampling(6, 0, fabric.device, rank=fabric.global_rank, processes=fabric.world_size)
    batches = ClassBatches(
        faces, np.array([0, 1, 1, 1, 0, 1, 1, 1, 1]), sampling, latent_size=100, balanced=True
    )
    torch.manual_seed(0)
    objective = build_objective(config)
    state = TrainState.create(build_networks(config), objective, config, fabric)
    for _ in fit(state, objective, batches, StepPlan(4), schedule=constant_then_linear(0.5)):
        pass
    arrays = state.to_arrays()
    flat = torch.from_numpy(np.concatenate([values.ravel().astype(np.float64) for values in arrays.values()]))
    everywhere = fabric.all_gather(flat)
    assert isinstance(everywhere, torch.Tensor)
    if not torch.equal(everywhere[0], everywhere[1]):
        print(f"{model}: the processes differ")
        return 1
    if fabric.is_global_zero:
        print(f"{model}: {len(arrays)} arrays alike in {len(everywhere)} processes")
    return 0

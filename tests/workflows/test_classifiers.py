"""What a trained classifier answers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from feraug.workflows.classifiers import probabilities


class Corner(nn.Module):
    """Bright at the upper left: happy, for sure; else angry."""

    def forward(self, faces: Tensor) -> Tensor:
        logits = torch.full((len(faces), 7), -100.0)
        bright = faces[:, 0, 0, 0] > 0
        logits[:, 3] = torch.where(bright, 100.0, -100.0)
        logits[:, 0] = torch.where(bright, -100.0, 100.0)
        return logits


def test_ten_crops_vote_with_the_mean_of_their_probabilities() -> None:
    faces = torch.zeros(300, 48, 48, dtype=torch.uint8)  # more than are looked at in one go
    faces[:100, 0, 0] = 255  # seen at the corner by one crop of ten
    faces[100:200, 4, :] = 255  # seen there by the two lower crops, and by both of them mirrored
    found = probabilities(Corner(), faces, 44)
    np.testing.assert_allclose(found[:, 3], np.repeat([0.1, 0.4, 0.0], 100), atol=1e-6)
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-6)
    assert probabilities(Corner(), faces)[:, 3].tolist() == [1.0] * 100 + [0.0] * 200
    assert probabilities(Corner(), faces[:0], 44).shape == (0, 7)

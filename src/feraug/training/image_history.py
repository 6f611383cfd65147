"""A pool of earlier fakes, so that the discriminator does not forget what it has learned to refuse."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from feraug.transfer import moved


class ImageHistory:
    """Up to ``capacity`` fakes; each new one is, half the time, exchanged for an older one.

    Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial
    Training" (2017), section 2.3; Zhu et al. (2017), section 4, with 50 images.  With capacity 0
    it hands back what it gets.
    """

    def __init__(self, capacity: int, device: torch.device) -> None:
        self.capacity = capacity
        self.images = torch.empty(0, device=device)

    def exchange(self, fakes: Tensor, random: np.random.Generator) -> Tensor:
        """Take fakes (N, 1, H, W), give as many back: new ones and, once the pool is full, older ones.

        While the pool fills, the fakes come back as they are.  A batch larger than the pool
        exchanges with at most ``capacity`` of its images.
        """
        if self.capacity == 0:
            return fakes
        missing = self.capacity - self._count
        if missing > 0:
            entering = fakes[:missing].detach().clone()
            self.images = torch.cat([self.images, entering]) if self._count else entering
        else:
            entering = fakes[:0]
        full = fakes[len(entering) :]
        if not len(full):
            return fakes
        return torch.cat([fakes[: len(entering)], self._swap(full, random)])

    def _swap(self, fakes: Tensor, random: np.random.Generator) -> Tensor:
        able = min(len(fakes), self.capacity)
        chosen = np.flatnonzero(random.random(able) < 0.5)
        if not len(chosen):
            return fakes
        places = moved(chosen, fakes.device)
        slots = moved(random.permutation(self.capacity)[: len(chosen)], fakes.device)
        older = self.images[slots]
        self.images[slots] = fakes[places].detach()
        mixed = fakes.clone()
        mixed[places] = older
        return mixed

    @property
    def _count(self) -> int:
        return len(self.images)

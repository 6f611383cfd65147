"""A translator's training written plainly, as a tutorial would: the losses by hand, two optimizers, no more.

The networks are feraug's; everything else is written anew here, to be compared with.  No average of the
generators, no image history, no augmentation: nothing that is not needed to take a step.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from feraug.config import TranslatorConfig
from feraug.models import build_networks


class PlainTranslator:
    """``cyclegan`` or ``weighted``; ``layout``, ``fused``, ``autocast`` … are for the GPU's variants."""

    def __init__(
        self,
        config: TranslatorConfig,
        device: torch.device | str = "cpu",
        *,
        layout: torch.memory_format = torch.contiguous_format,
        autocast: torch.dtype | None = None,
        compiled: bool = False,
        **adam: Any,
    ) -> None:
        assert config.model in ("cyclegan", "weighted")
        self.config, self._autocast, self._device = config, autocast, torch.device(device)
        torch.manual_seed(config.seed)
        self.networks = build_networks(config)
        for network in self.networks.values():
            if self._device.type != "cpu" or layout != torch.contiguous_format:
                network.to(device=device, memory_format=layout)
        nets = self.networks
        betas = (config.beta1, config.beta2)
        self.optimizer_g = torch.optim.Adam(
            [*nets["a_to_b"].parameters(), *nets["b_to_a"].parameters()],
            config.generator_rate, betas=betas, **adam,
        )  # fmt: skip
        self.optimizer_d = torch.optim.Adam(
            [*nets["discriminator_a"].parameters(), *nets["discriminator_b"].parameters()],
            config.discriminator_rate, betas=betas, **adam,
        )  # fmt: skip
        if compiled:
            for network in nets.values():
                network.compile()

    def step(self, real_a: Tensor, real_b: Tensor, progress: float = 0.0) -> tuple[Tensor, Tensor]:
        """One update of the generators and one of the discriminators; the two losses."""
        judge_a, judge_b = self.networks["discriminator_a"], self.networks["discriminator_b"]
        for judge in (judge_a, judge_b):
            judge.requires_grad_(False)
        with self._precision():
            fake_b, fake_a, loss_g = self._generators(real_a, real_b, progress)
        self.optimizer_g.zero_grad()
        loss_g.backward()
        self.optimizer_g.step()

        for judge in (judge_a, judge_b):
            judge.requires_grad_(True)
        fake_a, fake_b = fake_a.detach().float(), fake_b.detach().float()
        target = self.config.real_target
        with self._precision():
            loss_d = (
                ((judge_a(real_a) - target) ** 2).mean() + (judge_a(fake_a) ** 2).mean()
                + ((judge_b(real_b) - target) ** 2).mean() + (judge_b(fake_b) ** 2).mean()
            )  # fmt: skip
        self.optimizer_d.zero_grad()
        loss_d.backward()
        self.optimizer_d.step()
        return loss_g.detach(), loss_d.detach()

    def _generators(self, real_a: Tensor, real_b: Tensor, progress: float) -> tuple[Tensor, Tensor, Tensor]:
        nets, config = self.networks, self.config
        a_to_b, b_to_a = nets["a_to_b"], nets["b_to_a"]
        fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
        adversarial = ((nets["discriminator_b"](fake_b) - config.real_target) ** 2).mean() + (
            (nets["discriminator_a"](fake_a) - config.real_target) ** 2
        ).mean()
        cycle = self._cycle(nets["discriminator_a"], b_to_a(fake_b), real_a, progress) + self._cycle(
            nets["discriminator_b"], a_to_b(fake_a), real_b, progress
        )
        return fake_b, fake_a, adversarial + config.cycle_weight * cycle

    def _cycle(self, judge: nn.Module, recovered: Tensor, real: Tensor, progress: float) -> Tensor:
        if self.config.model == "cyclegan":
            return functional.l1_loss(recovered, real)
        gamma = self.config.gamma_end * progress
        quality = judge(real).detach().float().flatten(1).mean(1).clamp(0, 1)
        pixels = (recovered - real).abs().flatten(1).mean(1)
        features = (judge.features(recovered) - judge.features(real)).abs().flatten(1).mean(1)
        return (quality * (gamma * features + (1 - gamma) * pixels)).mean()

    def _precision(self) -> Any:
        if self._autocast is None:
            return nullcontext()
        return torch.autocast(self._device.type, self._autocast)

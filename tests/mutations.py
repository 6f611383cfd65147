"""Mutations that the tests must catch: ``python tests/mutations.py``, two minutes; not for pytest.

Each changes one line in a copy of ``src`` in a temporary folder, never in the checkout, and runs
the tests that should notice, on the copy.  Prints the table of ``docs/contributing.md``; fails
when a mutation survives, or no longer fits the source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LOSSES = ("tests/test_losses.py",)
OBJECTIVES = ("tests/objectives",)
MODELS = ("tests/models",)
DATA = ("tests/test_data.py",)
AUGMENT = ("tests/training/test_diff_augment.py",)
LOOP = ("tests/training/test_gan.py", "tests/training/test_training_pieces.py")

RUN = """
import sys
from pathlib import Path
import feraug
copy = Path(sys.argv[1])
assert Path(feraug.__file__).resolve().is_relative_to(copy), f"{feraug.__file__} is not in {copy}"
import pytest
sys.exit(pytest.main(["-x", "-q", "--tb=no", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


@dataclass(frozen=True)
class Mutation:
    """In ``path`` below ``src/feraug``, the one place of ``old`` becomes ``new``."""

    what: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "least squares: sign of the target",
        "losses.py", "(scores - target).square()", "(scores + target).square()", LOSSES,
    ),
    Mutation(
        "cross entropy: target of the other side",
        "losses.py", "torch.full_like(scores, target)", "torch.full_like(scores, 1.0 - target)", LOSSES,
    ),
    Mutation(
        "weighted cycle: direction of gamma",
        "losses.py",
        "(gamma * features + (1.0 - gamma) * pixels)", "(gamma * pixels + (1.0 - gamma) * features)", LOSSES,
    ),
    Mutation("quality: no clipping", "losses.py", ".mean(1).clamp(0.0, 1.0)", ".mean(1)", LOSSES),
    Mutation("quality: no detach", "losses.py", "scores.detach().float()", "scores.float()", LOSSES),
    Mutation(
        "Wasserstein: real and fake swapped",
        "losses.py",
        "real_scores.mean() - fake_scores.mean()", "fake_scores.mean() - real_scores.mean()", LOSSES,
    ),
    Mutation(
        "gradient penalty: slopes towards 0",
        "losses.py", "(slopes - 1.0).square()", "(slopes - 0.0).square()", LOSSES,
    ),
    Mutation(
        "gradient penalty: mixed the other way",
        "losses.py",
        "mix * real.float() + (1.0 - mix) * fake.float()", "mix * fake.float() + (1.0 - mix) * real.float()",
        LOSSES,
    ),
    Mutation("penalties: not differentiable", "losses.py", "create_graph=True", "create_graph=False", LOSSES),
    Mutation(
        "relativistic: sign",
        "losses.py", "softplus(opposite - scores)", "softplus(scores - opposite)", LOSSES,
    ),
    Mutation(
        "translator: domains swapped",
        "objectives/translation.py",
        '"fake_a": nets[B_TO_A](batch.real_b)', '"fake_a": nets[A_TO_B](batch.real_b)', OBJECTIVES,
    ),
    Mutation(
        "cycle: weight does not move to its end",
        "objectives/translation.py", "- self.weight) * progress", "- self.weight) * 0.0", OBJECTIVES,
    ),
    Mutation(
        "cycle: gamma falls instead of rising",
        "objectives/translation.py",
        "self.gamma_end * progress", "self.gamma_end * (1.0 - progress)", OBJECTIVES,
    ),
    Mutation(
        "change: against the translated domain",
        "objectives/translation.py",
        'l1(fakes["fake_b"], batch.real_a)', 'l1(fakes["fake_b"], batch.real_b)', OBJECTIVES,
    ),
    Mutation(
        "identity: the other generator",
        "objectives/translation.py", "l1(nets[B_TO_A](batch.real_a)", "l1(nets[A_TO_B](batch.real_a)",
        OBJECTIVES,
    ),
    Mutation(
        "CycleGAN: fakes pulled to the real target",
        "objectives/cyclegan.py",
        '(fakes[f"fake_{domain}"]), 0.0)', '(fakes[f"fake_{domain}"]), self.real_target)', OBJECTIVES,
    ),
    Mutation(
        "CycleGAN: adversarial term by the wrong discriminator",
        "objectives/cyclegan.py",
        'least_squares(nets["discriminator_b"]', 'least_squares(nets["discriminator_a"]', OBJECTIVES,
    ),
    Mutation(
        "Wasserstein: critics descend where they should ascend",
        "objectives/wasserstein.py",
        'weights[f"wasserstein_{domain}"] = -1.0', 'weights[f"wasserstein_{domain}"] = 1.0', OBJECTIVES,
    ),
    Mutation(
        "DCGAN: saturating generator's target",
        "objectives/noise.py", "cross_entropy(scores, 1.0)", "cross_entropy(scores, 0.0)", OBJECTIVES,
    ),
    Mutation(
        "R3GAN: penalties at full weight",
        "objectives/noise.py", "self.penalty_weight / 2.0", "self.penalty_weight / 1.0", OBJECTIVES,
    ),
    Mutation(
        "R3GAN: R2 on real faces",
        "objectives/noise.py",
        'zero_centred_penalty(judge, fakes["fake"])', "zero_centred_penalty(judge, batch.real)", OBJECTIVES,
    ),
    Mutation(
        "mismatch: real faces under a wrong class pulled up by a critic",
        "objectives/noise.py",
        '"mismatch": -self.class_weight}', '"mismatch": self.class_weight + 0.0}', OBJECTIVES,
    ),
    Mutation(
        "mismatch: real faces under a wrong class as real ones",
        "objectives/noise.py",
        "cross_entropy(_mismatched(nets, batch), 0.0)", "cross_entropy(_mismatched(nets, batch), 1.0)",
        OBJECTIVES,
    ),
    Mutation(
        "StarGAN: translations named by their source",
        "objectives/stargan.py",
        '"class_fake": classification(logits, batch.targets)',
        '"class_fake": classification(logits, batch.classes)', OBJECTIVES,
    ),
    Mutation(
        "StarGAN: cycle that does not come back",
        "objectives/stargan.py",
        "self._translated(nets, fake, batch.classes)", "self._translated(nets, fake, batch.targets)",
        OBJECTIVES,
    ),
    Mutation(
        "StarGAN: identity asks for the target",
        "objectives/stargan.py",
        "l1(self._translated(nets, batch.real, batch.classes), batch.real)",
        "l1(self._translated(nets, batch.real, batch.targets), batch.real)", OBJECTIVES,
    ),
    Mutation(
        "StarGAN: translations scored by their source's map",
        "objectives/stargan.py",
        "judge(fake, batch.targets).scores\n", "judge(fake, batch.classes).scores\n", OBJECTIVES,
    ),
    Mutation(
        "StarGAN: norm without its shift",
        "models/stargan.py", "self.norm(x) * (1.0 + scale) + shift", "self.norm(x) * (1.0 + scale)", MODELS,
    ),
    Mutation(
        "StarGAN: the first score map for all",
        "models/stargan.py",
        "scores[torch.arange(len(scores), device=scores.device), classes][:, None]", "scores[:, :1]", MODELS,
    ),
    Mutation(
        "emotions: a face may be its own target",
        "data/batches.py", "integers(1, self.count,", "integers(0, self.count,", DATA,
    ),
    Mutation(
        "wiring: the weighted cycle without its gamma",
        "objectives/__init__.py",
        "CycleGAN(_cycle(config, gamma_end=config.gamma_end)", "CycleGAN(_cycle(config)", OBJECTIVES,
    ),
    Mutation(
        "generator: no clamp before atanh",
        "models/generator.py", "INPUT_RANGE * x.clamp(-1.0, 1.0)", "INPUT_RANGE * x", MODELS,
    ),
    Mutation(
        "noise generator: class without its shift",
        "models/noise.py", "x * (1.0 + scale) + shift", "x * (1.0 + scale)", MODELS,
    ),
    Mutation(
        "augmentation: shifts to one side only",
        "training/diff_augment.py",
        "(draws[:, 1:3] * (2 * most + 1)).long() - most", "(draws[:, 1:3] * (2 * most + 1)).long()", AUGMENT,
    ),
    Mutation(
        "augmentation: features of changed images",
        "training/diff_augment.py",
        "= features(images)", "= features(brightness(images, self._draws(len(images))))", AUGMENT,
    ),
    Mutation(
        "loop: fakes not detached",
        "training/gan.py", "images.detach().float(), random)", "images.float(), random)", LOOP,
    ),
    Mutation(
        "loop: no image history",
        "training/gan.py",
        "shown = _through_history(state, fakes, further)",
        "shown = {name: images.detach() for name, images in fakes.items()}", LOOP,
    ),
    Mutation(
        "loop: further critic steps on the same batch",
        "training/gan.py", "batches.batch(first + further)", "batches.batch(first)", LOOP,
    ),
    Mutation(
        "loop: rates stay where they began",
        "training/gan.py", "state.rates[name] * schedule(progress)", "state.rates[name]", LOOP,
    ),
    Mutation(
        "schedule: falls from the start",
        "training/plan.py", "if progress < decay_from:", "if progress < 0.0:", LOOP,
    ),
    Mutation(
        "EMA: decay swapped",
        "training/state.py",
        "_foreach_lerp_(list(average.parameters()), list(source.parameters()), 1.0 - decay)",
        "_foreach_lerp_(list(average.parameters()), list(source.parameters()), decay)", LOOP,
    ),
    Mutation(
        "EMA: no warm-up",
        "training/state.py",
        "min(self.ema_decay, (1 + self.step) / (10 + self.step))", "self.ema_decay", LOOP,
    ),
    Mutation(
        "history: always the new fakes",
        "training/image_history.py", "mixed[places] = older", "mixed[places] = fakes[places]", LOOP,
    ),
)  # fmt: skip


def run_tests(source: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """Run tests on the package in ``source``; gives pytest's exit status and its output."""
    environment = {
        **os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(source.resolve()), *tests],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def caught_by(mutation: Mutation) -> str:
    """The test that fails under the mutation; empty when it survives."""
    with tempfile.TemporaryDirectory(prefix="feraug-mutation-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        path = source / "feraug" / mutation.path
        text = path.read_text(encoding="utf-8")
        if text.count(mutation.old) != 1:
            raise SystemExit(
                f"{mutation.what}: {mutation.old!r} is {text.count(mutation.old)} times in {path}"
            )
        path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        status, output = run_tests(source, mutation.tests)
    if status == 0:
        return ""
    failed = [line.split(" ")[1] for line in output.splitlines() if line.startswith("FAILED ")]
    if status != 1 or not failed:
        raise SystemExit(f"{mutation.what}: the tests did not run\n{output}")
    return failed[0].partition("[")[0].removeprefix("tests/")


def main() -> int:
    """Print the table; 1 when a mutation survives."""
    everything = tuple(dict.fromkeys(test for mutation in MUTATIONS for test in mutation.tests))
    with tempfile.TemporaryDirectory(prefix="feraug-mutation-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        status, output = run_tests(source, everything)
    if status != 0:
        raise SystemExit(f"the tests fail without any mutation\n{output}")
    print("| mutation | file | caught by |\n| --- | --- | --- |")
    survivors = 0
    for mutation in MUTATIONS:
        test = caught_by(mutation)
        survivors += not test
        print(
            f"| {mutation.what} | `{mutation.path}` | {f'`{test}`' if test else '**survives**'} |", flush=True
        )
    print(f"{len(MUTATIONS)} mutations, {survivors} survive", file=sys.stderr)
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())

"""The classifiers' loop: continuation to the bit, the chosen epoch, rates, damage, and what is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from feraug.config import ClassifierConfig, classifier_config
from feraug.data import LabelledBatches, LabelledFaces, Sampling, on_device, to_float
from feraug.errors import TrainingError
from feraug.models.classifiers import build_classifier
from feraug.objectives.classification import LabelledBatch
from feraug.training import ClassifierState, fit_classifier, new_fabric
from feraug.training.plan import by_steps, one_cycle

CPU = torch.device("cpu")
STEPS, EPOCH = 10, 4
Arrays = dict[str, NDArray[np.generic]]
EVERYTHING: Mapping[str, object] = {
    "dropout": 0.3, "mixup": 0.4, "randaugment": 2, "erasing": 0.5, "label_smoothing": 0.1, "clip_norm": 1.0,
    "balanced": True,
}  # fmt: skip


def config(**settings: object) -> ClassifierConfig:
    small = {"model": "simple", "width": 0.05, "batch_size": 8, "steps": STEPS, "rate": 0.02}
    return classifier_config({**small, **settings})


def faces(weights: Iterable[float] = (1.0,)) -> LabelledFaces:
    images = np.random.default_rng(0).integers(0, 256, (30, 48, 48), dtype=np.uint8)
    return LabelledFaces(
        images, (np.arange(30) % 7).astype(np.uint8), np.resize(list(weights), 30).astype(np.float32)
    )


def new_state(chosen: ClassifierConfig) -> ClassifierState:
    torch.manual_seed(chosen.seed)
    return ClassifierState.create(build_classifier(chosen), chosen, new_fabric(CPU))


@torch.inference_mode()
def measured(network: nn.Module) -> Mapping[str, float]:
    """Something that changes with the weights."""
    logits = network(to_float(on_device(faces().images[:5], CPU)))
    return {"accuracy": float(logits.softmax(1)[:, 0].mean()), "loss": float(logits.square().mean())}


def in_turn(*accuracies: float) -> Callable[[nn.Module], Mapping[str, float]]:
    """An evaluation that has its results ready."""
    left = list(accuracies)
    return lambda network: {"accuracy": left.pop(0)}


def train(
    state: ClassifierState,
    stop_after: int = STEPS,
    *,
    shown: LabelledFaces | None = None,
    evaluate: Callable[[nn.Module], Mapping[str, float]] = measured,
    read_every: int = 1,
) -> ClassifierState:
    chosen = state.config
    assert chosen.steps is not None
    batches = LabelledBatches(shown or faces(), chosen, Sampling(chosen.batch_size, chosen.seed, CPU))
    for report in fit_classifier(
        state, batches, steps=chosen.steps, steps_per_epoch=EPOCH, evaluate=evaluate, read_every=read_every
    ):
        assert report.step == state.step
        if report.step == stop_after:
            break
    return state


def taken_up(part: ClassifierState, chosen: ClassifierConfig) -> ClassifierState:
    """A fresh state that goes on where ``part`` stopped."""
    torch.rand(3)  # global random state must not matter
    resumed = new_state(replace(chosen))
    resumed.from_arrays(part.to_arrays(finished=False), chosen_epoch=part.chosen_epoch)
    return resumed


def assert_identical(first: ClassifierState, second: ClassifierState) -> None:
    ours, theirs = first.to_arrays(finished=False), second.to_arrays(finished=False)
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name, strict=True)
    assert first.chosen_epoch == second.chosen_epoch


class TestContinuation:
    @pytest.mark.parametrize("ema_decay", [0.0, 0.9])
    @pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
    def test_is_bit_identical(self, optimizer: str, ema_decay: float) -> None:
        chosen = config(**EVERYTHING, optimizer=optimizer, ema_decay=ema_decay)
        whole = train(new_state(chosen))
        for stop in (3, 4, 6):  # within the first epoch, at its end, within the second
            part = train(new_state(chosen), stop)
            resumed = taken_up(part, chosen)
            assert resumed.step == stop
            assert_identical(resumed, part)
            assert_identical(train(resumed), whole)

    @pytest.mark.parametrize(
        "settings",
        [{"momentum": 0.0}, {"precision": "bf16-mixed"}, {"precision": "16-mixed"}, {"schedule": "step"}],
        ids=str,
    )
    def test_is_bit_identical_with_other_settings(self, settings: Mapping[str, object]) -> None:
        chosen = config(**settings)
        assert_identical(train(taken_up(train(new_state(chosen), 6), chosen)), train(new_state(chosen)))

    @pytest.mark.parametrize("model", ["vgg19", "surreal"])
    def test_is_bit_identical_for_the_other_networks(self, model: str) -> None:
        chosen = config(model=model, width=0.02)
        assert_identical(train(taken_up(train(new_state(chosen), 6), chosen)), train(new_state(chosen)))

    def test_of_a_state_that_has_not_begun(self) -> None:
        chosen = config(ema_decay=0.9)
        assert_identical(train(taken_up(new_state(chosen), chosen)), train(new_state(chosen)))

    def test_is_not_disturbed_by_looking_at_the_arrays_and_going_on_with_them(self) -> None:
        state = train(new_state(config()), 6)
        arrays = state.to_arrays(finished=False)
        before = {name: values.copy() for name, values in arrays.items()}
        train(state)
        for name, values in arrays.items():
            np.testing.assert_array_equal(values, before[name], err_msg=name)


class TestRandomness:
    def test_two_runs_with_one_seed_are_identical_and_another_seed_is_not(self) -> None:
        chosen = config(**EVERYTHING)
        first = train(new_state(chosen))
        assert_identical(first, train(new_state(chosen)))
        other = train(new_state(config(**EVERYTHING, seed=1)))
        ours, theirs = (state.to_arrays(finished=True) for state in (first, other))
        assert not np.array_equal(
            ours["chosen/classifier/body.0.weight"], theirs["chosen/classifier/body.0.weight"]
        )
        assert not np.array_equal(ours["history/loss"], theirs["history/loss"])

    def test_dropout_is_another_in_every_step_and_of_every_seed(self) -> None:
        def losses(seed: int) -> list[float]:
            """Of one network and one batch that stay as they are, so that only dropout differs."""
            torch.manual_seed(0)
            chosen = config(model="surreal", rate=0.0, dropout=0.5, weight_decay=0.0, seed=seed)
            state = ClassifierState.create(build_classifier(chosen), chosen, new_fabric(CPU))
            with torch.no_grad():
                state.network.get_parameter("head.6.weight").normal_(
                    generator=torch.Generator().manual_seed(0)
                )
            batch = LabelledBatches(faces(), chosen, Sampling(8, 0, CPU)).batch(0)
            for _ in fit_classifier(state, Same(batch), steps=3, steps_per_epoch=3, evaluate=measured):
                pass
            return state.history["loss"]

        assert len(set(losses(0) + losses(1))) == 6

    def test_leaves_torch_s_global_random_state_alone(self) -> None:
        state = new_state(config(**EVERYTHING, ema_decay=0.9))
        torch.manual_seed(77)
        before = torch.get_rng_state()
        train(state)
        assert torch.equal(torch.get_rng_state(), before)

    def test_reading_the_losses_rarely_changes_nothing(self) -> None:
        chosen = config(**EVERYTHING)
        assert_identical(train(new_state(chosen), read_every=3), train(new_state(chosen)))


class Same:
    """Every batch is the same."""

    def __init__(self, batch: LabelledBatch) -> None:
        self._batch = batch

    def batch(self, index: int) -> LabelledBatch:
        return self._batch


class TestChoice:
    @pytest.mark.parametrize(
        ("accuracies", "best"),
        [
            ((0.3, 0.7, 0.5), 2),
            ((0.3, 0.7, 0.7), 2),
            ((0.7, 0.7, 0.7), 1),
            ((0.1, 0.2, 0.3), 3),
            ((0.0, 0.0, 0.0), 1),
        ],
    )
    @pytest.mark.parametrize("ema_decay", [0.0, 0.9])
    def test_the_best_epoch_is_chosen_and_of_equals_the_first(
        self, accuracies: tuple[float, ...], best: int, ema_decay: float
    ) -> None:
        chosen = config(ema_decay=ema_decay)
        state = train(new_state(chosen), evaluate=in_turn(*accuracies))
        assert state.chosen_epoch == best
        then = train(new_state(chosen), stop_after=min(best * EPOCH, STEPS), evaluate=in_turn(0.0, 0.1, 0.2))
        for name, value in then.judged.state_dict().items():
            assert torch.equal(state.chosen.state_dict()[name], value), name
        assert state.history["validation_accuracy"] == pytest.approx(accuracies)

    @pytest.mark.parametrize(
        "accuracies", [(0.7, 0.7, 0.7), (0.3, 0.7, 0.7), (0.7, 0.3, 0.1), (0.3, 0.5, 0.7)]
    )
    def test_also_across_a_continuation(self, accuracies: tuple[float, ...]) -> None:
        chosen = config()
        whole = train(new_state(chosen), evaluate=in_turn(*accuracies))
        for stop, epochs in ((5, 1), (9, 2)):
            part = train(new_state(chosen), stop, evaluate=in_turn(*accuracies))
            assert_identical(train(taken_up(part, chosen), evaluate=in_turn(*accuracies[epochs:])), whole)

    def test_an_average_is_measured_where_there_is_one_and_never_in_training_mode(self) -> None:
        for ema_decay in (0.0, 0.9):
            state = new_state(config(ema_decay=ema_decay))
            seen: list[tuple[bool, bool]] = []

            def evaluate(
                network: nn.Module, state: ClassifierState = state, seen: list = seen
            ) -> Mapping[str, float]:
                seen.append((network is (state.ema or state.network), network.training))
                return {"accuracy": 0.5}

            train(state, evaluate=evaluate)
            assert seen == [(True, False)] * 3

    def test_an_epoch_cut_short_by_the_end_is_measured_too(self) -> None:
        state = train(new_state(config()))
        assert STEPS % EPOCH != 0
        assert {name: len(values) for name, values in state.history.items()} == {
            "loss": STEPS, "validation_accuracy": 3, "validation_loss": 3,
        }  # fmt: skip


class TestReports:
    def test_come_every_few_steps_and_after_epochs(self) -> None:
        chosen = config()
        batches = LabelledBatches(faces(), chosen, Sampling(8, 0, CPU))
        reports = list(
            fit_classifier(
                new_state(chosen), batches, steps=STEPS, steps_per_epoch=EPOCH,
                evaluate=in_turn(0.25, 0.5, 0.125), read_every=3,
            )
        )  # fmt: skip
        assert [report.step for report in reports] == [3, 4, 7, 8, 10]
        assert [report.terms.get("accuracy") for report in reports] == [None, 0.25, 0.25, 0.5, 0.125]
        assert [report.progress for report in reports] == [0.3, 0.4, 0.7, 0.8, 1.0]

    def test_a_loss_that_is_not_finite_stops_training_and_names_the_step(self) -> None:
        batches = LabelledBatches(faces(), config(), Sampling(8, 0, CPU))

        class Broken:
            def batch(self, index: int) -> LabelledBatch:
                batch = batches.batch(index)
                return replace(batch, weights=batch.weights * math.nan) if index == 5 else batch

        for read_every in (1, 4):
            state = new_state(config())
            with pytest.raises(TrainingError, match="nan at step 6"):
                for _ in fit_classifier(
                    state,
                    Broken(),
                    steps=STEPS,
                    steps_per_epoch=EPOCH,
                    evaluate=measured,
                    read_every=read_every,
                ):
                    pass
            assert state.chosen_epoch == 1, "no network with NaN was chosen"


class TestRates:
    def rates(self, **settings: object) -> list[float]:
        state = new_state(config(steps=20, **settings))
        found: list[float] = []
        batches = LabelledBatches(faces(), state.config, Sampling(8, 0, CPU))
        for _ in fit_classifier(state, batches, steps=20, steps_per_epoch=100, evaluate=measured):
            (rate,) = {group["lr"] for group in state.optimizer.param_groups}
            found.append(rate)
        return found

    @pytest.mark.parametrize("warmup", [0.25, 0.1])
    def test_one_cycle_is_torch_s(self, warmup: float) -> None:
        steps = 400  # torch counts from the first step to the last, so its share ends at steps - 1
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        torch_s = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=0.3, total_steps=steps, pct_start=warmup, div_factor=25, final_div_factor=1e4,
            anneal_strategy="cos", cycle_momentum=False,
        )  # fmt: skip
        ours = one_cycle((warmup * steps - 1) / (steps - 1))
        for step in range(steps):
            assert 0.3 * ours(step / (steps - 1)) == pytest.approx(torch_s.get_last_lr()[0], rel=1e-6)
            optimizer.step()
            if step < steps - 1:
                torch_s.step()

    def test_one_cycle_without_warmup_begins_at_the_top(self) -> None:
        assert one_cycle(0.0)(0.0) == 1.0

    def test_by_steps_falls_to_a_tenth_and_a_hundredth(self) -> None:
        assert [by_steps(share) for share in (0.0, 0.49, 0.5, 0.74, 0.75, 0.99)] == [
            1,
            1,
            0.1,
            0.1,
            0.01,
            0.01,
        ]

    def test_reach_the_optimizer(self) -> None:
        cycle = one_cycle(0.2)
        assert self.rates(warmup=0.2) == pytest.approx([0.02 * cycle(step / 20) for step in range(20)])
        assert self.rates(schedule="step") == pytest.approx([0.02] * 10 + [0.002] * 5 + [0.0002] * 5)
        assert self.rates(schedule="constant", optimizer="adamw") == [0.02] * 20


class TestOptimization:
    def step(self, shown: LabelledFaces, **settings: object) -> tuple[Arrays, Arrays]:
        """Weights before and after four steps of a network without batch norm."""
        chosen = config(model="surreal", steps=4, schedule="constant", dropout=0.0, **settings)
        state = new_state(chosen)
        for parameter in state.network.parameters():
            if parameter.ndim == 1:  # biases begin at 0, where no decay would show
                nn.init.constant_(parameter, 0.1)
        before = state.to_arrays(finished=False)
        return before, train(state, shown=shown).to_arrays(finished=False)

    def test_weights_of_faces_count(self) -> None:
        plain = {"weight_decay": 0.0, "rate": 0.01}
        before, once = self.step(faces(), **plain)
        _, doubled = self.step(faces([2.0]), **{**plain, "rate": 0.005})
        _, none = self.step(faces([0.0]), **plain)
        for name in [name for name in before if name.startswith("networks/")]:
            np.testing.assert_allclose(doubled[name], once[name], rtol=1e-4, atol=1e-7, err_msg=name)
            np.testing.assert_array_equal(none[name], before[name], err_msg=name)
            assert not np.array_equal(once[name], before[name]), name

    def test_rows_of_weight_0_teach_nothing(self) -> None:
        shown = faces([0.0, 1.0])
        other = shown.images.copy()
        other[::2] = 255 - other[::2]
        _, first = self.step(shown)
        _, second = self.step(replace(shown, images=other))
        for name in [name for name in first if name.startswith("networks/")]:
            np.testing.assert_allclose(first[name], second[name], rtol=1e-5, atol=1e-8, err_msg=name)

    @pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
    def test_weights_decay_and_biases_do_not(self, optimizer: str) -> None:
        settings = {"optimizer": optimizer, "weight_decay": 0.5, "rate": 0.01, "momentum": 0.0}
        before, after = self.step(faces([0.0]), **settings)
        for name in [name for name in before if name.startswith("networks/")]:
            factor = (1 - 0.01 * 0.5) ** 4 if name.endswith("weight") else 1.0
            np.testing.assert_allclose(after[name], factor * before[name], rtol=1e-5, err_msg=name)

    def test_a_first_step_that_the_scaler_skips_leaves_no_trace_in_the_momentum(self) -> None:
        state = new_state(config(model="surreal", precision="16-mixed", weight_decay=0.0, rate=0.01))
        state.network.get_parameter("head.6.bias").register_hook(
            lambda gradient: gradient * math.inf if state.step == 0 else gradient * 0.0
        )
        before = state.to_arrays(finished=False)
        for name, parameter in state.network.named_parameters():
            if name != "head.6.bias":
                parameter.register_hook(lambda gradient: gradient * 0.0)
        assert state.scaler.is_enabled()
        train(state)
        after = state.to_arrays(finished=False)
        assert after["optimizers/scaler/scale"] < before["optimizers/scaler/scale"]
        for name in [name for name in before if name.startswith("networks/")]:
            np.testing.assert_array_equal(after[name], before[name], err_msg=name)

    def test_clipping_limits_the_step(self) -> None:
        settings = {"rate": 1.0, "momentum": 0.0, "weight_decay": 0.0, "clip_norm": 0.001}
        before, after = self.step(faces(), **settings)
        moved = [after[name] - before[name] for name in before if name.startswith("networks/")]
        length = math.sqrt(sum(float(np.square(change).sum()) for change in moved))
        assert 0.0 < length < 4 * 0.001 * 1.001

    def test_clipping_in_half_precision_is_of_gradients_without_their_scale(self) -> None:
        settings = {"rate": 1.0, "momentum": 0.0, "weight_decay": 0.0, "clip_norm": 0.001}
        before, after = self.step(faces(), **settings, precision="16-mixed")
        moved = [after[name] - before[name] for name in before if name.startswith("networks/")]
        length = math.sqrt(sum(float(np.square(change).sum()) for change in moved))
        assert 0.5 * 0.001 < length < 4 * 0.001 * 1.001


class TestArrays:
    def test_of_a_finished_training_are_the_chosen_network_and_the_histories(self) -> None:
        state = train(new_state(config(ema_decay=0.9, optimizer="adamw")))
        arrays = state.to_arrays(finished=True)
        assert {name.split("/")[0] for name in arrays} == {"chosen", "history", "random"}
        assert {name for name in arrays if name.startswith("chosen/")} == {
            f"chosen/classifier/{name}" for name in state.chosen.state_dict()
        }
        assert {name for name in arrays if name.startswith("history/")} == {
            "history/loss", "history/validation_accuracy", "history/validation_loss",
        }  # fmt: skip
        assert arrays["random/step"] == STEPS and arrays["random/seed"] == 0

    @pytest.mark.parametrize(
        "missing",
        [
            "networks/classifier/body.0.weight",
            "chosen/classifier/head.9.bias",
            "ema/classifier/body.4.running_var",
            "random/step",
            "optimizers/classifier/body.0.weight/exp_avg",
            "optimizers/classifier/body.0.weight/step",
        ],
    )
    def test_that_lack_one_are_refused(self, missing: str) -> None:
        chosen = config(optimizer="adamw", ema_decay=0.9)
        arrays = train(new_state(chosen), 3).to_arrays(finished=False)
        del arrays[missing]
        with pytest.raises(TrainingError, match=missing):
            new_state(chosen).from_arrays(arrays, chosen_epoch=0)

    def test_that_lack_the_optimizer_or_the_scaler_are_refused(self) -> None:
        chosen = config(precision="16-mixed")
        arrays = train(new_state(chosen), 3).to_arrays(finished=False)
        for group in ("optimizers/classifier/", "optimizers/scaler/"):
            rest = {name: values for name, values in arrays.items() if not name.startswith(group)}
            with pytest.raises(TrainingError, match=group):
                new_state(chosen).from_arrays(rest, chosen_epoch=0)

    @pytest.mark.parametrize(
        ("name", "shape"),
        [
            ("networks/classifier/body.0.weight", (3, 1, 3, 2)),
            ("networks/classifier/body.0.weight", ()),
            ("optimizers/classifier/body.0.weight/exp_avg", (3, 1, 3, 2)),
            ("optimizers/classifier/body.0.weight/exp_avg", ()),
            ("optimizers/classifier/body.0.weight/step", (2,)),
            ("random/step", (2,)),
            ("history/loss", ()),
        ],
        ids=str,
    )
    def test_of_another_shape_are_refused(self, name: str, shape: tuple[int, ...]) -> None:
        chosen = config(optimizer="adamw")
        arrays = train(new_state(chosen), 3).to_arrays(finished=False)
        assert name in arrays
        arrays[name] = np.ones(shape, arrays[name].dtype)
        with pytest.raises(TrainingError, match=name):
            new_state(chosen).from_arrays(arrays, chosen_epoch=0)

    @pytest.mark.parametrize("place", ["network", "chosen", "history"])
    def test_that_the_last_update_made_nan_are_not_kept(self, place: str) -> None:
        state = train(new_state(config()), 3)
        with torch.no_grad():
            if place == "history":
                state.history["loss"][-1] = math.nan
            else:
                next(getattr(state, place).parameters()).view(-1)[0] = math.nan
        with pytest.raises(
            TrainingError, match=r"is not finite after step 3; try a lower learning rate \(--rate"
        ):
            state.to_arrays(finished=False)

    def test_that_are_not_finite_are_refused(self) -> None:
        arrays = train(new_state(config()), 3).to_arrays(finished=False)
        arrays["networks/classifier/body.0.weight"][0] = math.nan
        with pytest.raises(TrainingError, match="not finite"):
            new_state(config()).from_arrays(arrays, chosen_epoch=0)


def test_momentum_reaches_the_optimizer() -> None:
    for momentum in (0.0, 0.5):
        for group in new_state(config(momentum=momentum)).optimizer.param_groups:
            assert (group["momentum"], group["nesterov"]) == (momentum, momentum > 0)
        for group in new_state(config(momentum=momentum, optimizer="adamw")).optimizer.param_groups:
            assert group["betas"] == (momentum, 0.999)


def test_processes_share_the_statistics_of_batch_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    averaged: list[torch.Tensor] = []
    monkeypatch.setattr(
        "feraug.training.classifier.average", lambda fabric, tensors: averaged.extend(tensors)
    )
    state = train(new_state(config()), 1)
    means = [buffer for name, buffer in state.network.named_buffers() if name.endswith("running_mean")]
    assert means and all(any(one is other for other in averaged) for one in means)

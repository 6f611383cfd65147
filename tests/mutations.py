"""Mutations that the tests must catch: ``python tests/mutations.py``, five minutes; not for pytest.

``python tests/mutations.py bootstrap Holm`` tries those alone whose line has one of the words.
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
CONTINUATION = ("tests/training/test_continuation.py::test_continuation_of_other_translators",)
MISSING = ("tests/workflows/test_missing_translator.py",)

CLASSIFIER = ("tests/training/test_classifier.py",)
LABELLED = ("tests/test_labelled.py",)
STATISTICS = ("tests/metrics/test_significance.py", "tests/metrics/test_classification.py")
PREPARE = ("tests/workflows/test_prepare.py",)
PEOPLE = ("tests/workflows/test_people.py",)
FOLDS = ("tests/workflows/test_folds.py",)
NEAR_COPIES = ("tests/metrics/test_near_copies.py",)
SHORTLIST = ("tests/metrics/test_shortlist.py",)
SETS = ("tests/workflows/test_ssim.py::test_a_filtered_set_stands_in_place_of_its_parent",)


def of_bench(*names: str) -> tuple[str, ...]:
    """Tests of a benchmark's parts; all of that file take half a minute."""
    return tuple(f"tests/workflows/test_bench.py::test_{name}" for name in names)


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
        "losses.py", "(scores.float() - target).square()", "(scores.float() + target).square()", LOSSES,
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
        "real_scores.float().mean() - fake_scores.float().mean()",
        "fake_scores.float().mean() - real_scores.float().mean()", LOSSES,
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
        "losses.py", "softplus(opposite.float() - scores.float())",
        "softplus(scores.float() - opposite.float())", LOSSES,
    ),
    Mutation(
        "translator: domains swapped",
        "objectives/translation.py",
        '"fake_a": nets[B_TO_A](batch.real_b)', '"fake_a": nets[A_TO_B](batch.real_b)', OBJECTIVES,
    ),
    Mutation(
        "cycle: weight does not move to its end",
        "objectives/translation.py", "(end - start) * progress", "(end - start) * 0.0", OBJECTIVES,
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
        "mismatch of cyclegan: faces of the domain itself", "objectives/cyclegan.py",
        "least_squares(judge(other), 0.0)", "least_squares(judge(real), 0.0)", OBJECTIVES,
    ),
    Mutation(
        "mismatch of wasserstein: pulled up", "objectives/wasserstein.py",
        "= -self.mismatch_weight", "= self.mismatch_weight", OBJECTIVES,
    ),
    Mutation(
        "mismatch of stargan: pulled up by a critic", "objectives/stargan.py",
        "sign = -1.0 if self.critic else 1.0", "sign = 1.0", OBJECTIVES,
    ),
    Mutation(
        "mismatch of stargan: under the face's own emotion", "objectives/stargan.py",
        "[batch.classes, batch.others] if", "[batch.classes, batch.classes] if", OBJECTIVES,
    ),
    Mutation(
        "mismatch: real faces under a wrong class pulled up by a critic",
        "objectives/noise.py",
        '"mismatch": -self.class_weight}', '"mismatch": self.class_weight + 0.0}', OBJECTIVES,
    ),
    Mutation(
        "mismatch: real faces under a wrong class as real ones",
        "objectives/noise.py",
        "binary_cross_entropy(wrong_scores, 0.0)", "binary_cross_entropy(wrong_scores, 1.0)",
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
        "self._translated(nets, fake, batch.source_classes)", "self._translated(nets, fake, batch.targets)",
        OBJECTIVES,
    ),
    Mutation(
        "StarGAN: identity asks for the target",
        "objectives/stargan.py",
        "self._translated(nets, batch.sources, batch.source_classes)",
        "self._translated(nets, batch.sources, batch.targets)", OBJECTIVES,
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
        "scores = scores[faces, of_face]", "scores = scores[faces, 0 * of_face]", MODELS,
    ),
    Mutation(
        "emotions: a face may be its own target",
        "data/batches.py", "integers(1, self.count,", "integers(0, self.count,", DATA,
    ),
    Mutation(
        "wiring: the weighted cycle without its gamma",
        "objectives/__init__.py",
        "cycle = _cycle(config, gamma_end=config.gamma_end)\n", "cycle = _cycle(config)\n", OBJECTIVES,
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
        "share = 1.0 - min(decay, (1 + step) / (10 + step))",
        "share = min(decay, (1 + step) / (10 + step))", LOOP,
    ),
    Mutation(
        "EMA: no warm-up",
        "training/state.py",
        "1.0 - min(decay, (1 + step) / (10 + step))", "1.0 - decay", LOOP,
    ),
    Mutation(
        "history: always the new fakes",
        "training/image_history.py", "mixed[places] = older", "mixed[places] = fakes[places]", LOOP,
    ),
    Mutation(
        "classifier: no label smoothing",
        "losses.py", "label_smoothing=smoothing", "label_smoothing=0.0", LOSSES,
    ),
    Mutation(
        "mixup: labels swapped",
        "objectives/classification.py",
        "logits, batch.labels, batch.mix * batch.weights",
        "logits, batch.labels, (1 - batch.mix) * batch.weights",
        LOSSES,
    ),
    Mutation(
        "mixup: faces swapped",
        "data/labelled.py",
        "share * faces[1:] + (1.0 - share) * faces[:-1]",
        "share * faces[:-1] + (1.0 - share) * faces[1:]", LABELLED,
    ),
    Mutation(
        "class weights: inverted",
        "workflows/train_classifier.py",
        "len(labels) / (present * np.maximum(counts, 1))", "present * np.maximum(counts, 1) / len(labels)",
        of_bench("arms_and_their_images"),
    ),
    Mutation(
        "neutral times: not asked", "workflows/training_material.py",
        'config.neutral_times if emotion == "neutral" else 1', "1", ("tests/workflows/test_stargan.py",),
    ),
    Mutation(
        "split: identical images wherever they fall", "workflows/split.py",
        "unit = np.where(together < 0, alone, together)[where]", "unit = alone[where]",
        ("tests/workflows/test_prepare.py::test_a_drawn_split_keeps_identical_images_together_and_says_what_it_"
         "cannot_see",),
    ),
    Mutation(
        "split: near copies wherever they fall", "workflows/split.py",
        "if not config.near_copies or rows.person is not None:", "if True:", PREPARE,
    ),
    Mutation(
        "split: a chain of any length goes to one", "workflows/split.py",
        "_LARGEST: Final = 0.05", "_LARGEST: Final = 0.6", PREPARE,
    ),
    Mutation(
        "split: one chain tears all copies apart", "workflows/split.py",
        "return np.where(chained, numbers, found)", "return exact if chained.any() else found", PREPARE,
    ),
    Mutation(
        "people: split picture by picture", "workflows/split.py",
        "alone, units = joined(person), joined(together, person)",
        "alone, units = joined(person), joined(together)", PEOPLE,
    ),
    Mutation(
        "people: identical pictures of two are torn apart", "workflows/split.py",
        "alone, units = joined(person), joined(together, person)",
        "alone, units = joined(person), joined(person)", PEOPLE,
    ),
    Mutation(
        "people: a name without one is nobody's", "workflows/people.py",
        "if not person]:", "if person is None and not names]:", PEOPLE,
    ),
    Mutation(
        "people: a picture of all puts all together", "workflows/split.py",
        "if left < parts or most > _MOST >= of_one:", "if left < 0:", PEOPLE,
    ),
    Mutation(
        "people: a word for the emotion is a person", "workflows/people.py",
        "if len(known) > 1 and", "if len(known) < 1 and", PEOPLE,
    ),
    Mutation(
        "people: told by the folders, too", "workflows/people.py",
        'name.split("/", folders)[-1]', "name", PEOPLE,
    ),
    Mutation(
        "people: the largest first, whatever the seed", "sources/splits.py",
        "doublings = np.floor(np.log2(counts[mixed].sum(1)))", "doublings = counts[mixed].sum(1)",
        ("tests/sources/test_splits.py",),
    ),
    Mutation(
        "people: those of train in test are not seen", "workflows/audit.py",
        "np.isin(self.person, self.person[train])", "np.isin(self.person, self.person[~train])", PEOPLE,
    ),
    Mutation(
        "people: images of one are resampled singly", "workflows/bench_table.py",
        'known = joined(known, test["person"])', "pass",
        of_bench("images_of_one_person_are_drawn_together_with_their_copies"),
    ),
    Mutation(
        "people: shared out whatever is there already", "sources/splits.py",
        "        held[split_of[group]] += part[group]\n", "        held[split_of[group]] += 1e-9\n",
        ("tests/sources/test_splits.py",),
    ),
    Mutation(
        "people: a split may stay empty", "sources/splits.py",
        "open_ = empty if left <= len(empty) else given", "open_ = given", ("tests/sources/test_splits.py",),
    ),
    Mutation(
        "people: frequent emotions count more", "sources/splits.py",
        "part = counts / counts.sum(0)", "part = counts / counts.sum()", ("tests/sources/test_splits.py",),
    ),
    Mutation(
        "pictures: a TIFF is turned twice", "images.py",
        "image.load()  # which turns it", "pass  # which turns it", ("tests/sources/test_folder.py",),
    ),
    Mutation(
        "photos: one too long ends the process", "sources/photos.py",
        "if max(photo.shape[:2]) > LONGEST_SIDE:", "if False:",
        ("tests/workflows/test_photos.py::test_a_photo_of_another_format_and_a_very_long_one_are_passed_over",),
    ),
    Mutation(
        "torch: a notebook's autocast enters a training", "workflows/devices.py",
        "torch.set_autocast_enabled(kind, False)", "pass", ("tests/test_in_a_notebook.py",),
    ),
    Mutation(
        "torch: a notebook's random numbers are changed", "workflows/devices.py",
        "held.enter_context(torch.random.fork_rng(cards))", "pass", ("tests/test_in_a_notebook.py",),
    ),
    Mutation(
        "doctor: a model is read and not loaded", "workflows/doctor_workspace.py",
        "                check_model(path)\n", "                pass\n",
        ("tests/workflows/test_doctor.py::test_models_of_no_use_are_broken",),
    ),
    Mutation(
        "export: weights beyond float16", "workflows/export_weights.py",
        "if not np.isfinite(cast).all():", "if False:",
        ("tests/workflows/test_export.py::test_weights_that_the_export_could_not_hold_are_refused",),
    ),
    Mutation(
        "folds: validation is another one", "workflows/split.py",
        "codes[self.number % self.parts]", "codes[(self.number + 1) % self.parts]", FOLDS,
    ),
    Mutation(
        "folds: every class begins with the first", "sources/splits.py",
        "        dealt += len(rows)\n", "", ("tests/sources/test_splits.py",),
    ),
    Mutation(
        "folds: of the same number of another draw", "workflows/bench_folds.py",
        "if len(rows) != images or len(np.unique(rows)) != images:", "if len(rows) != images:", FOLDS,
    ),
    Mutation(
        "folds: of other settings", "workflows/bench_folds.py",
        "if unlike := differences(fold.config, first.config):", "if unlike := []:", FOLDS,
    ),
    Mutation(
        "folds: copies of different ones are one group", "workflows/bench_pool.py",
        "near.astype(np.int64) * len(of_folds) + fold", "near.astype(np.int64)", FOLDS,
    ),
    Mutation(
        "names of pictures: of other ones", "workflows/prepare.py",
        "names=rows.names)", "names=None if rows.names is None else rows.names[::-1])", PEOPLE,
    ),
    Mutation(
        "share of train: of other splits, too", "workflows/split.py",
        "    train = np.flatnonzero(split == TRAIN)\n", "    train = np.arange(len(split))\n", PREPARE,
    ),
    Mutation(
        "share of train: whatever the emotion", "workflows/split.py",
        "stratified_split(labels[train], seed=seed,", "stratified_split(0 * labels[train], seed=seed,",
        PREPARE,
    ),
    Mutation(
        "split: by the source's labels, whatever the votes say", "workflows/prepare.py",
        "strata=_voted(rows, config)[0],", "strata=rows.labels,", PREPARE,
    ),
    Mutation(
        "copies within a split: bench does not take them along", "store/bench.py",
        '    "near_copy_group": "int32",\n', "",
        of_bench("what_prepare_knows_of_copies_and_people_reaches_the_table"),
    ),
    Mutation(
        "split: validation takes from test, too", "workflows/split.py",
        "train = rows.split == TRAIN", "train = rows.split >= TRAIN", PREPARE,
    ),
    Mutation(
        "folders: numbers are FER2013's", "sources/folder.py",
        "known = {**emotion_words(), **meanings}",
        "known = {**emotion_words(), **{str(n): e for n, e in enumerate(EMOTIONS)}, **meanings}",
        ("tests/sources/test_folder.py",),
    ),
    Mutation(
        "CSV: FER2013's numbers beside others'", "sources/fer2013.py",
        "own = {} if any(name.isdigit() for name in meanings) else _CODES", "own = _CODES",
        ("tests/sources/test_fer2013.py",),
    ),
    Mutation(
        "CSV: labels 1-7 as FER2013's", "sources/fer2013.py",
        ".causes.get(_SEVEN)) and not zeros:", ".causes.get(_SEVEN)) and False:",
        ("tests/sources/test_source_bad_input.py",),
    ),
    Mutation(
        "Apple's GPU: channels last", "transfer.py",
        'if torch.device(device).type == "mps":', "if False:", ("tests/test_portability.py",),
    ),
    Mutation(
        "Windows: a file in use is not waited for", "store/atomic.py",
        "for pause in _PAUSES if _WINDOWS else ():\n        try:\n            source.replace(target)",
        "for pause in ():\n        try:\n            source.replace(target)", ("tests/test_portability.py",),
    ),
    Mutation(
        "noise of synth: that of a training", "workflows/generators.py",
        "noise(seed, int(place), 1, size, stream=_STREAM)", "noise(seed, int(place), 1, size)",
        ("tests/workflows/test_train_and_synth.py",),
    ),
    Mutation("oversampling: off", "data/labelled.py", "if not phase.balanced:", "if True:", LABELLED),
    Mutation(
        "oversampled arm: as real",
        "workflows/bench_arms.py", "(Phase(0, everything, config.balanced),)", "(Phase(0, everything),)",
        of_bench("arms_and_their_images"),
    ),
    Mutation(
        "epoch: the last", "training/classifier.py", 'if measured["accuracy"] > best:', "if True:",
        CLASSIFIER,
    ),
    Mutation(
        "epoch: of equals the last",
        "training/classifier.py", '"accuracy"] > best:', '"accuracy"] >= best:', CLASSIFIER,
    ),
    Mutation(
        "epoch: by the average's network, not the average",
        "training/classifier.py", "evaluate(state.judged.eval())",
        "evaluate(state.network.eval())", CLASSIFIER,
    ),
    Mutation(
        "bench: a trained repeat taken for one in training", "workflows/classifier_run.py",
        "finished=saved.finished", "finished=False",
        of_bench("a_stopped_benchmark_goes_on_to_the_same_table"),
    ),
    Mutation(
        "dropout: of one step in all", "training/classifier.py",
        "(state.config.seed, state.step, state.fabric.global_rank)",
        "(state.config.seed, 0, state.fabric.global_rank)", CLASSIFIER,
    ),
    Mutation(
        "weight decay: of biases, too", "training/classifier.py",
        '{"params": others, "weight_decay": 0.0}', '{"params": others, "weight_decay": config.weight_decay}',
        CLASSIFIER,
    ),
    Mutation(
        "crops: at random places of the left half alone", "data/labelled.py",
        "random.integers(0, SIDE - config.crop + 1, (count, 2))",
        "random.integers(0, (SIDE - config.crop) // 2 + 1, (count, 2))", LABELLED,
    ),
    Mutation(
        "views: places of rows and columns swapped", "data/views.py",
        "by_column[:, :, None, :] + by_row[:, :, :, None]",
        "by_column[:, :, :, None] + by_row[:, :, None, :]",
        LABELLED,
    ),
    Mutation(
        "ten crops: not mirrored", "data/labelled.py",
        "[*crops, *(part.flip(3) for part in crops)]", "[*crops, *crops]", LABELLED,
    ),
    Mutation(
        "ten crops: the last view alone", "workflows/classifiers.py",
        "sum((measure(view).float() for view in views[1:]), measure(views[0]).float()) / len(views)",
        "measure(views[-1]).float()", ("tests/workflows/test_classifiers.py",),
    ),
    Mutation(
        "local response norm: the neighbours of one side twice", "models/layers.py",
        "near.tril((self.size - 1) // 2)", "near.tril(self.size // 2)", ("tests/models/test_layers.py",),
    ),
    Mutation(
        "local response norm: sums in half precision", "models/layers.py",
        "enabled=False", "enabled=True", ("tests/models/test_layers.py",),
    ),
    Mutation(
        "surreal: torch's norm for TensorFlow's",
        "models/classifiers.py", "alpha=0.001", "alpha=0.001 / 9", MODELS,
    ),
    Mutation(
        "bench: epochs of all images, not of the real ones", "workflows/bench_parts.py",
        "epoch_images=len(training)", "epoch_images=len(chosen.faces)",
        of_bench("an_epoch_is_a_pass_over_the_real_faces_in_every_arm"),
    ),
    Mutation(
        "bench: every repeat the same seed", "config/bench.py",
        "seed=self.classifier.seed + repeat", "seed=self.classifier.seed",
        of_bench("repeats_differ_in_their_seed_alone"),
    ),
    Mutation(
        "bench: filling where there is most", "workflows/bench_arms.py",
        "room = counts.max() - counts if", "room = counts if", of_bench("how_many_synthetic_images_enter"),
    ),
    Mutation(
        "bench: noise among the translations", "workflows/bench_arms.py",
        "(~file.from_noise if arm in _TRANSLATIONS_ALONE else True)", "True",
        of_bench("arms_and_their_images"),
    ),
    Mutation(
        "bench: synthetic weight on real faces", "workflows/bench_arms.py",
        "weights[kept:] *= np.float32(bench.synthetic_weight)",
        "weights[:kept] *= np.float32(bench.synthetic_weight)",
        of_bench("ratio_weight_and_pretraining"),
    ),
    Mutation(
        "bench: real faces before the synthetic ones", "workflows/bench_arms.py",
        "(Phase(0, everything[kept:], config.balanced), Phase(turn, everything[:kept], config.balanced))",
        "(Phase(0, everything[:kept], config.balanced), Phase(turn, everything[kept:], config.balanced))",
        of_bench("ratio_weight_and_pretraining"),
    ),
    Mutation(
        "leak check: off", "workflows/synthetic_origins.py", "if len(foreign):", "if False:",
        of_bench("images_made_from_outside_train_are_refused"),
    ),
    Mutation(
        "leak check: not by way of other sets", "workflows/synthetic_origins.py",
        "left += [_parent(one, source, there) for source in sorted(parents - seen)]", "pass",
        of_bench("images_by_way_of_another_set_are_followed_to_their_origin"),
    ),
    Mutation(
        "leak check: models of filtered sets pass", "workflows/synthetic_origins.py",
        '{*made.provenance.inputs.values(), str(made.extra.get("model", ""))}',
        "{*made.provenance.inputs.values()}",
        of_bench("images_by_a_model_that_was_trained_on_another_dataset_are_refused"),
    ),
    Mutation(
        "leak check: not what a model learned from", "workflows/synthetic_origins.py",
        "behind, kinds = set(one.sources.values()), (MODEL, SYNTHETIC)",
        "behind, kinds = set[str](), (MODEL,)",
        of_bench("what_a_model_learned_from_is_followed_to_its_origin"),
    ),
    Mutation(
        "synthetic sets: the parent beside its filtered child", "workflows/synthetic_sets.py",
        "if sha256_file(path) not in parents", "if True", SETS,
    ),
    Mutation(
        "table: accuracy of the copies for that without", "workflows/bench_table.py",
        '"accuracy_unleaked": ~test["copy_in_train"]', '"accuracy_unleaked": test["copy_in_train"]',
        of_bench("the_table_by_hand"),
    ),
    Mutation(
        "table: balanced accuracy of all images for that without copies", "workflows/bench_table.py",
        "_balanced(labels[mask], called[:, mask])", "_balanced(labels, called)",
        of_bench("the_table_by_hand"),
    ),
    Mutation(
        "conclusions: better by a p that is not adjusted", "workflows/bench_conclusions.py",
        'if _is_shown(overall) and difference["accuracy_p_holm"] < SIGNIFICANT:', "if _is_shown(overall):",
        of_bench("an_arm_that_stands_out_among_several_is_no_surprise"),
    ),
    Mutation(
        "conclusions: copies count as test images", "workflows/bench_conclusions.py",
        'if total and found["unseen"][emotion] < FEW', "if total and total < FEW",
        of_bench("few_test_images_are_those_without_copies"),
    ),
    Mutation(
        "bench --no-test: looks at test", "cli/bench.py",
        "bench(chosen, root, test=not no_test", "bench(chosen, root, test=True",
        ("tests/cli/test_bench.py::test_the_printed_table",),
    ),
    Mutation(
        "table: copies of an image on their own", "workflows/bench_table.py",
        "np.where(known < 0, alone, known)", "alone",
        of_bench("copies_of_one_test_image_are_drawn_together"),
    ),
    Mutation(
        "conclusions: from one repeat, too",
        "workflows/bench_conclusions.py", "if repeats == 1:", "if repeats == 0:",
        of_bench("reverse_and_synthetic_alone"),
    ),
    Mutation(
        "bootstrap: few people vary too little", "metrics/significance.py",
        "max(0.0, variance - own) / max(groups - 1, 1)", "0.0", STATISTICS,
    ),
    Mutation(
        "bootstrap: images drawn one by one, not by group", "metrics/significance.py",
        "_, place = np.unique(groups, return_inverse=True)", "place = np.arange(len(groups))", STATISTICS,
    ),
    Mutation(
        "bootstrap: repeats not drawn", "metrics/significance.py",
        "(means * drawn_repeats).mean(1)", "means.mean(1)", STATISTICS,
    ),
    Mutation(
        "bootstrap: repeats not stretched", "metrics/significance.py",
        "np.sqrt(repeats / (repeats - 1.0))", "1.0", STATISTICS,
    ),
    Mutation(
        "bootstrap: arms drawn on their own, not in pairs", "metrics/significance.py",
        "statistic(drawn[:, 1])", "statistic(np.roll(drawn[:, 1], 1, 0))", STATISTICS,
    ),
    Mutation(
        "interval: of the bootstrap alone", "metrics/significance.py",
        "min(float(low), mean - reach), max(float(high), mean + reach)",
        "float(low), float(high)", STATISTICS,
    ),
    Mutation(
        "p: as small as the bootstrap makes it", "metrics/significance.py",
        "max(p, students, signs)", "max(p, students)", STATISTICS,
    ),
    Mutation(
        "McNemar: one-sided", "metrics/significance.py",
        "only_first + only_second, 0.5)", "only_first + only_second, 0.5, alternative='greater')", STATISTICS,
    ),
    Mutation(
        "Holm: without the running maximum", "metrics/significance.py",
        "np.maximum.accumulate(p_values[order] * factors)", "p_values[order] * factors", STATISTICS,
    ),
    Mutation(
        "Holm: Bonferroni", "metrics/significance.py",
        "len(known) - np.arange(len(known))", "np.full(len(known), len(known))", STATISTICS,
    ),
    Mutation(
        "calibration: errors cancel between bins", "metrics/classification.py",
        "np.abs(gaps).sum()", "np.abs(gaps.sum())", STATISTICS,
    ),
    Mutation(
        "macro F1: absent classes count", "metrics/classification.py",
        "np.maximum(present.sum(-1), 1)", "counts.shape[-1]", STATISTICS,
    ),
    Mutation(
        "copies within a split: identical ones stand alone", "metrics/near_copies.py",
        "links.append((rows[same], rows[first]))", "links.append((rows[same], rows[same]))", NEAR_COPIES,
    ),
    Mutation(
        "copies within a split: training images, too", "metrics/near_copies.py",
        "for code in range(len(SPLITS)) if code != _TRAIN]", "for code in range(len(SPLITS))]", NEAR_COPIES,
    ),
    Mutation(
        "copies within a split: bench counts near ones singly", "workflows/bench_table.py",
        'test.get("near_copy_group", test["duplicate_group"])', 'test["duplicate_group"]',
        of_bench("copies_of_one_test_image_are_drawn_together"),
    ),
    Mutation(
        "near copies: the second first look for both", "metrics/shortlist_kernels.py",
        "first[j] = max(first[j], even[j] + abs(odd[j]))", "first[j] = even[j] + abs(odd[j])", SHORTLIST,
    ),
    Mutation(
        "near copies: first look without mirrored pairs", "metrics/shortlist_kernels.py",
        "first[j] = even[j] + abs(odd[j])", "first[j] = even[j] + odd[j]", SHORTLIST,
    ),
    Mutation(
        "near copies: a full list takes no better ones", "metrics/shortlist_kernels.py",
        "if hits[i, other] < hits[i, place]:", "if hits[i, other] > hits[i, place]:", SHORTLIST,
    ),
    Mutation(
        "near copies: directions that views move first", "metrics/first_look.py",
        "1 - shares[:NUMBERS]", "shares[:NUMBERS]", SHORTLIST,
    ),
    Mutation(
        "near copies: every pair compared, first look or not", "metrics/shortlist.py",
        "MIN_FIRST_LOOK if len(self._points) >= FIRST_LOOK_FROM else _EVERY", "_EVERY", SHORTLIST,
    ),
    Mutation(
        "near copies: the mirrored query's guess to the same side", "metrics/shortlist.py",
        "np.where(mirrored, -right, right)", "right", SHORTLIST,
    ),
    Mutation(
        "alignment: the last warp for the best", "metrics/alignment_kernels.py",
        "if score > best:", "if score > -2:", SHORTLIST,
    ),
    Mutation(
        "alignment: never mirrored", "metrics/alignment_kernels.py",
        "image[r, side - 1 - c] if turned else image[r, c]", "image[r, c]", SHORTLIST,
    ),
    Mutation(
        "head start: generators move", "training/gan.py",
        "if progress >= state.head_start:", "if True:", LOOP,
    ),
    Mutation(
        "head start: continuation wants what Adam has not", "training/state.py",
        'if kind == "generator" and self.head_start:', "if False:", CONTINUATION,
    ),
    Mutation(
        "cycle: computed without weight", "objectives/translation.py",
        "if self.weight or self.weight_end:", "if True:", OBJECTIVES,
    ),
    Mutation(
        "cycle of stargan: computed without weight", "objectives/stargan.py",
        "if self.cycle_weight or self.cycle_weight_end:", "if True:", OBJECTIVES,
    ),
    Mutation(
        "synth --train: beside a model that is there", "workflows/missing_translator.py",
        "(path.exists() or _has_translator(pairs, workspace, model))", "path.exists()", MISSING,
    ),
    Mutation(
        "Python: what an interrupt left is returned", "api.py",
        "    if result.interrupted:\n", "    if False:\n", ("tests/test_api.py",),
    ),
    Mutation(
        "names: an empty one is the default's", "workflows/train.py",
        "name = config.name if name is None else name", "name = name or config.name",
        ("tests/cli/test_hints.py",),
    ),
    Mutation(
        "ssim: the sample hangs on the file", "workflows/ssim_measures.py",
        "drawn_by = _of_content(arrays)", "drawn_by = one.digest",
        ("tests/workflows/test_ssim.py::test_the_sample_of_a_set_hangs_on_its_images_and_not_on_its_file",),
    ),
    Mutation(
        "filter: silent of a classifier of another dataset", "workflows/filtering.py",
        "if judge.inputs and faces.digest not in judge.inputs:", "if False:",
        ("tests/cli/test_results.py::test_a_filter_s_classifier_of_another_dataset_is_told_of",),
    ),
    Mutation(
        "synth --train: an interrupted one is used", "workflows/missing_translator.py",
        'if getattr(result, "interrupted", False):', "if False:", MISSING,
    ),
    Mutation(
        "synth --train: an unfinished one is not gone on with", "workflows/missing_translator.py",
        "begun = path.exists() and _is_unfinished(path, config)", "begun = False", MISSING,
    ),
    Mutation(
        "StarGAN: what is translated more often is shown as real more often", "data/batches.py",
        "EmotionBatch(*real, *sources,", "EmotionBatch(*sources, *sources,", DATA,
    ),
    Mutation(
        "nearest: mirror images do not count", "workflows/ssim_measures.py",
        "            mirrored=True,\n", "            mirrored=False,\n",
        ("tests/workflows/test_ssim.py::test_mirrored_copies_are_copies",),
    ),
    Mutation(
        "nearest: a mirror image that is as near is preferred", "metrics/nearest.py",
        "found.row[~turned] = plain_row[~turned]", "found.row[turned] = found.row[turned]",
        ("tests/metrics/test_nearest.py",),
    ),
    Mutation(
        "near copies: a threshold of a handful", "workflows/ssim_measures.py",
        "max(config.queries, LEAST_FOR_THRESHOLD)", "config.queries",
        ("tests/workflows/test_ssim.py::test_the_threshold_is_not_of_a_handful_however_few_are_asked_for",),
    ),
    Mutation(
        "C_T: against some of the training faces", "workflows/compare_measures.py",
        "copying_test(yardsticks.learned,", "copying_test(yardsticks.references,",
        ("tests/workflows/test_compare.py::test_planted_models_are_seen_for_what_they_are",),
    ),
    Mutation(
        "intervals of means: normal however few", "metrics/intervals.py",
        "stdtrit(n - 1,", "stdtrit(1e9,", ("tests/metrics/test_intervals.py",),
    ),
    Mutation(
        "balanced accuracy: no least error of a rare class", "metrics/significance.py",
        "errors.append(slope * _least_error(", "errors.append(0.0 * _least_error(", STATISTICS,
    ),
    Mutation(
        "filter: a limit one rank too low", "workflows/filter_stages.py",
        "int((1 - KEPT_OF_REAL) * len(values) + 1e-9)", "int((1 - KEPT_OF_REAL) * (len(values) - 1))",
        ("tests/workflows/test_filtering.py",),
    ),
    Mutation(
        "reverse: of images that its classifier chose", "workflows/bench_gathered.py",
        "if classifier.digest in given.filtered_by[file.digest]", "if False",
        of_bench("reverse_leaves_out_what_its_classifier_has_chosen"),
    ),
    Mutation(
        "conclusions: silent where the gain is of copies alone", "workflows/bench_conclusions.py",
        "if not shown or _is_shown(left) else", "if True else",
        of_bench("what_is_left_without_the_copies_is_said_beside_every_difference"),
    ),
    Mutation(
        "samples: beside the model that is replaced", "workflows/training_run.py",
        "        if self._fresh:\n            self.save(", "        if False:\n            self.save(",
        ("tests/workflows/test_train_and_synth.py::test_samples_never_lie_beside_a_model_that_they_are_not_of",),
    ),
    Mutation(
        "classifier: random weights of a first epoch", "workflows/classifiers.py",
        "if epoch == 0:", "if epoch == -1:",
        ("tests/workflows/test_classifiers.py::test_weights_that_no_epoch_has_chosen_are_refused",),
    ),
    Mutation(
        "bench: settings that no arm follows", "workflows/bench_inputs.py",
        "    _check_used(config)\n", "",
        of_bench("settings_that_no_arm_would_follow"),
    ),
    Mutation(
        "lock: on a file that was removed meanwhile", "store/lock.py",
        "                continue\n", "                pass\n",
        ("tests/store/test_lock_and_workspace.py::test_a_lock_that_is_removed_holds_all_the_same",),
    ),
    Mutation(
        "report: degraded faces of another set", "workflows/report_compare.py",
        'level["untouched"],', 'level["real"],',
        ("tests/report/test_report.py::test_a_comparison_by_group_and_by_degradation",),
    ),
    Mutation(
        "classifier: the accuracy of its last epoch", "workflows/classifiers.py",
        "history[epoch - 1]", "history[-1]",
        ("tests/workflows/test_classifiers.py::test_a_classifier_that_knows_next_to_nothing_is_told_of",),
    ),
    Mutation(
        "synth: over its own source", "workflows/synth.py",
        "if source is not None and same_place(path, source):", "if False:",
        ("tests/workflows/test_domain_source.py::test_bad_sources_of_synth",),
    ),
    Mutation(
        "bench: locks before it looks", "workflows/bench.py",
        "there_or_held(look, path, held, enough)", "there_or_held(look, path, held, lambda there: False)",
        of_bench("two_arms_and_what_is_kept_of_them"),
    ),
    Mutation(
        "processes: started for a batch that they cannot share", "workflows/devices.py",
        "if batch_size is not None and batch_size % fabric.world_size:", "if False:",
        (
            "tests/workflows/test_train_and_synth.py"
            "::test_a_batch_that_processes_cannot_share_is_refused_before_they_start",
        ),
    ),
    Mutation(
        "ssim: distributions against faces of all emotions", "workflows/ssim_distribution.py",
        "real.train[labels[real.train] == code]", "real.train",
        ("tests/workflows/test_ssim.py::test_distributions_by_emotion_beside_new_real_faces",),
    ),
    Mutation(
        "ssim: copies of training faces as the yardstick", "workflows/ssim_distribution.py",
        "new[real.arrays.labels[new] == code]", "new",
        ("tests/workflows/test_ssim.py::test_distributions_by_emotion_beside_new_real_faces",),
    ),
    Mutation(
        "ssim: a judge of what it chose", "workflows/ssim_distribution.py",
        "if judge.classifier.digest in filtered_by(one, digest, there):", "if False:",
        ("tests/workflows/test_ssim.py::test_a_judge_that_filtered_a_set_is_refused",),
    ),
    Mutation(
        "own predictions: repeats of different seeds", "workflows/bench_predictions.py",
        "if len(found[name]) != len(found[first]):", "if False:",
        ("tests/workflows/test_bench_predictions.py::test_what_are_no_predictions_is_refused_in_words",),
    ),
    Mutation(
        "own predictions: logits", "workflows/bench_predictions.py",
        "abs(values.sum(2) - 1).max() > _SUM", "abs(values.sum(2) - 1).max() > 99",
        ("tests/workflows/test_bench_predictions.py::test_what_are_no_predictions_is_refused_in_words",),
    ),
    Mutation(
        "export: already done whatever was exported", "workflows/export_place.py",
        "if _exported_from(destination) == sha256_file(source):", "if True:",
        ("tests/workflows/test_export.py",),
    ),
    Mutation(
        "resume: the first of several", "workflows/unfinished.py",
        "if usual in begun or len(begun) == 1:", "if begun:",
        ("tests/cli/test_resume.py",),
    ),
    Mutation(
        "bench: differences of five people are only little known", "workflows/bench_conclusions.py",
        "_TOO_FEW_PEOPLE: Final = 5", "_TOO_FEW_PEOPLE: Final = 4",
        of_bench("images_of_one_person_are_drawn_together_with_their_copies"),
    ),
    Mutation(
        "budget: the step that compiles counts", "training/plan.py",
        "self.uncounted = passed", "self.uncounted = 0.0",
        ("tests/training/test_training_pieces.py::test_the_step_that_compiles_is_not_counted",),
    ),
    Mutation(
        "prepare: shares of validation and test exchanged", "workflows/split.py",
        "return train, validation, test", "return train, test, validation",
        ("tests/workflows/test_prepare.py::test_shares_of_a_split_that_is_drawn",),
    ),
    Mutation(
        "prepare: a test split is drawn where there is one", "workflows/split.py",
        "if config.test_share and test:", "if False:",
        ("tests/workflows/test_prepare.py::test_shares_of_a_split_that_is_drawn",),
    ),
    Mutation(
        "train: silent about a generator that is not finished", "workflows/train.py",
        'if not read_artifact_header(domain.path).extra.get("finished"):', "if False:",
        ("tests/workflows/test_domain_source.py"
         "::test_a_generator_that_is_not_finished_is_told_before_it_is_learned_from",),
    ),
    Mutation(
        "bench: an arm with a control is compared with real alone", "workflows/bench_table.py",
        "if {arm, control} <= {*arms} - {base}", "if False",
        of_bench("an_arm_with_a_control_of_its_own_is_compared_with_that_too"),
    ),
    Mutation(
        "notebook: a training goes on with the casts of its first weights", "workflows/devices.py",
        '_outside_autocast({"cpu", device.type} & {"cpu", "cuda"})', 'torch.autocast("cpu", enabled=False)',
        ("tests/test_in_a_notebook.py::test_a_mixed_precision_training_goes_by_the_weights_of_each_step",),
    ),
    Mutation(
        "bench: real faces again, of any emotion", "workflows/bench_arms.py",
        "np.flatnonzero(real == code)", "np.arange(len(real))",
        of_bench("real_faces_again_are_as_many_of_each_emotion_as_the_translations"),
    ),
    Mutation(
        "bench: real faces again count as synthetic", "workflows/bench_arms.py",
        'len(faces) if arm == "real+resampled" else kept', "kept",
        of_bench("translations_are_compared_with_real_faces_again"),
    ),
    Mutation(
        "logit adjustment: not by the shares", "metrics/classification.py",
        "found / shares", "found * shares", ("tests/metrics/test_classification.py",),
    ),
    Mutation(
        "logit adjustment: label smoothing is left in", "metrics/classification.py",
        "found - label_smoothing / found.shape[-1]", "found - 0 / found.shape[-1]",
        ("tests/metrics/test_classification.py",),
    ),
    Mutation(
        "bench: validation is adjusted by other rules than test", "workflows/bench_gathered.py",
        "validation = adjust(self.validation)", "validation = self.validation",
        of_bench("logit_adjustment_trains_nothing_and_adjusts_real"),
    ),
    Mutation(
        "bench: a bound from an interval that was widened to 0", "workflows/bench_conclusions.py",
        'round(100 * overall["high"], 1)) > 0', 'round(100 * overall["high"], 1)) >= 0',
        of_bench("an_interval_rules_out_what_it_may"),
    ),
    Mutation(
        "mixture: generators with several critic steps meet one part alone", "workflows/training_material.py",
        "if config.critic_steps > 1 else None", "if False else None",
        ("tests/workflows/test_domain_source.py::test_generators_with_several_critic_steps_see_their_share_of_the_source",),
    ),
    Mutation(
        "bench: sentences do not tell the control from real", "workflows/bench_conclusions.py",
        "what = arm if base == usual else", "what = arm if True else",
        of_bench("an_arm_with_a_control_of_its_own_is_compared_with_that_too"),
    ),
    Mutation(
        "oversampled+synthetic: as real+synthetic", "config/bench.py",
        '"oversampled+synthetic": {"balanced": True}', '"oversampled+synthetic": {}',
        of_bench("arms_and_their_images"),
    ),
    Mutation(
        "report: a benchmark of many arms without its cautions", "workflows/report_bench.py",
        "_SENTENCES: Final = 80", "_SENTENCES: Final = 24",
        ("tests/report/test_report.py::test_a_benchmark_of_all_arms_keeps_its_cautions_and_arms_their_names",),
    ),
    Mutation(
        "bench: more trainings than its file has room for", "config/bench.py",
        "MOST_TRAININGS: Final = 90", "MOST_TRAININGS: Final = 140",
        of_bench("the_largest_benchmark_fits_into_its_file"),
    ),
    Mutation(
        "bench: no caution of finished work on validation", "workflows/bench.py",
        "kept_of_validation(config, path, given.cautions)", "kept_of_validation(config, path, [])",
        of_bench("what_limits_the_figures_is_said_of_finished_work_on_validation_too"),
    ),
    Mutation(
        "bench: finished, whatever sets are there", "workflows/bench_inputs.py",
        "(asks_for_sets and workspace.synthetics())", "(asks_for_sets and False)",
        of_bench("a_finished_benchmark_needs_its_synthetic_files_no_more"),
    ),
    Mutation(
        "bench: finished, of another dataset", "workflows/bench_inputs.py",
        "config.json() and sha256_file(source) in there.inputs.values()", "config.json()",
        of_bench("a_finished_benchmark_needs_its_synthetic_files_no_more"),
    ),
    Mutation(
        "ssim: the first pairs in place of later ones", "workflows/ssim_measures.py",
        "rows[start : start + _PAIRS_AT_ONCE].T", "rows[start // 2 : start // 2 + _PAIRS_AT_ONCE].T",
        ("tests/workflows/test_ssim.py::test_all_pairs_are_measured_a_few_at_a_time",),
    ),
    Mutation(
        "folder: a folder around the emotions as one of them", "sources/folder_names.py",
        "if not inside:", "if inside or True:", ("tests/sources/test_folder.py",),
    ),
    Mutation(
        "report: a translator's grids beside a classifier", "workflows/report_models.py",
        'if artifact.facts["config"].get("model") in CLASSIFIERS:', "if artifact is None:",
        ("tests/report/test_report.py::test_grids_beside_a_classifier_are_of_another_model",),
    ),
    Mutation(
        "report: intervals of one repeat as of many", "workflows/report_bench.py",
        'one = min(facts["repeats"].values()) == 1', "one = False",
        ("tests/report/test_report.py::test_intervals_of_one_repeat_are_called_so",),
    ),
    Mutation(
        "compare: a figure in other units than the table", "workflows/compare_pictures.py",
        '("FER-KID x 1000", 1000.0)', '("FER-KID x 1000", 1.0)',
        ("tests/workflows/test_compare.py::test_what_is_written_comes_back_and_is_described",),
    ),
)  # fmt: skip


def run_tests(source: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """Run tests on the package in ``source``; gives pytest's exit status and its output."""
    environment = {
        **os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(source.resolve()), *tests],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False,
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


def main(words: list[str]) -> int:
    """Print the table, of the mutations whose line has one of the ``words``; 1 when one survives."""
    chosen = [one for one in MUTATIONS if not words or any(word in one.what for word in words)]
    if not chosen:
        raise SystemExit(f"no mutation has {' or '.join(words)} in its line")
    everything = tuple(dict.fromkeys(test for mutation in chosen for test in mutation.tests))
    with tempfile.TemporaryDirectory(prefix="feraug-mutation-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        status, output = run_tests(source, everything)
    if status != 0:
        raise SystemExit(f"the tests fail without any mutation\n{output}")
    print("| mutation | file | caught by |\n| --- | --- | --- |")
    survivors = 0
    for mutation in chosen:
        test = caught_by(mutation)
        survivors += not test
        print(
            f"| {mutation.what} | `{mutation.path}` | {f'`{test}`' if test else '**survives**'} |", flush=True
        )
    print(f"{len(chosen)} mutations, {survivors} survive", file=sys.stderr)
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

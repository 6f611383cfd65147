"""What a trained classifier answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from feraug.config import DEFAULTS, BenchConfig, FilterConfig, to_json
from feraug.errors import ArtifactError, UsageError
from feraug.models.classifiers import build_classifier
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.model import write_model
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.classifiers import load_classifier, probabilities
from feraug.workflows.compare_notes import notes
from feraug.workflows.events import Event, Note, Progress
from feraug.workflows.filtering import filter_synthetic
from feraug.workflows.judges import Judge
from feraug.workflows.real_faces import Faces
from feraug.workflows.train import train


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


SMALL = replace(DEFAULTS["simple"], width=0.05, steps=4)


def unfinished(workspace: Workspace, chosen_epoch: int, accuracies: Sequence[float] = ()) -> Path:
    """A classifier of which training has stopped; how much of validation each epoch was right on."""
    torch.manual_seed(0)
    arrays = {
        f"chosen/classifier/{name}": value.numpy()
        for name, value in build_classifier(SMALL).state_dict().items()
    }
    if accuracies:
        arrays["history/validation_accuracy"] = np.array(accuracies, np.float32)
    facts = {"step": 1, "steps": 4, "steps_per_epoch": 1, "finished": False, "chosen_epoch": chosen_epoch}
    inputs = {"dataset.h5": sha256_file(workspace.dataset())}
    write_model(workspace.model("early"), arrays, Provenance(to_json(SMALL), "test", 0, inputs), facts)
    return workspace.model("early")


def test_weights_that_no_epoch_has_chosen_are_refused(workspace: Workspace) -> None:
    path = unfinished(workspace, chosen_epoch=0)
    with pytest.raises(ArtifactError, match=r"no weights are chosen yet; .*simple --resume --name early"):
        load_classifier(path)
    assert load_classifier(unfinished(workspace, chosen_epoch=1)).caution is not None


def test_an_unfinished_classifier_that_filters_is_told_of(workspace: Workspace) -> None:
    path = unfinished(workspace, chosen_epoch=1)
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="train", emotion="happy")[:4]
    with writing_synthetic(
        workspace.synthetic("made"), 4, Provenance({}, "test", 0, {}), {"sources": [], "model": "ab"}
    ) as writer:
        writer.append(
            dataset.images[rows],
            dataset.labels[rows],
            rows=np.full(4, -1),
            source=0,
            rounds=np.zeros(4, np.uint16),
        )
    told: list[Event] = []
    config = FilterConfig(emotion="happy", min_face=0.0, min_confidence=0.0, detector="cascade")
    try:
        filter_synthetic(config, "made", workspace, classifier=path, notify=told.append)
    except ArtifactError as problem:  # of so little training nothing may pass
        assert "none of its 4 images passes" in str(problem)
    said = [event.text for event in told if isinstance(event, Note)]
    assert "early.h5: its training is not finished; its best epoch so far is used" in said
    assert not [note for note in said if "do not rely on it" in note]  # its accuracy is not known


def test_a_classifier_that_knows_next_to_nothing_is_told_of(workspace: Workspace) -> None:
    path = unfinished(workspace, 2, [0.1, 0.43, 0.9])
    labels = np.array([3, 3, 6, 0, 3], np.uint8)
    judge = load_classifier(path)
    assert judge.validation_accuracy == pytest.approx(0.43)  # of the chosen epoch, not the best or last
    said = judge.doubt(labels)
    assert said is not None and said.startswith(
        "early.h5 is right on 43.0% of validation; to call every face 'happy' would be right on 60.0%"
    )
    assert judge.doubt(np.array([0, 3, 6, 3, 5], np.uint8)) is not None  # 3 points more are hardly more
    assert judge.doubt(np.array([0, 3, 6, 4, 5], np.uint8)) is None
    assert judge.doubt(labels[:0]) is None
    dataset = read_dataset(workspace.dataset())
    faces = Faces(dataset, sha256_file(workspace.dataset()))
    low = replace(judge, validation_accuracy=0.1)
    (note,) = [text for text in notes(faces, Judge(low, (faces.digest,)), []) if "rely" in text]
    assert note.startswith("the judge early.h5 is right on 10.0% of validation; to call every face 'happy'")


def test_validation_says_how_far_it_is(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feraug.workflows.classifiers.BATCH", 20)
    told: list[Event] = []
    train(SMALL, workspace, notify=told.append)
    faces = len(read_dataset(workspace.dataset()).rows(split="validation"))
    assert faces > 20
    seen = [event for event in told if isinstance(event, Progress)]
    while_validating = [event for event in seen if "validation faces left" in event.figures]
    assert [event.figures["validation faces left"] for event in while_validating] == [
        *range(faces - 20, 0, -20), 0
    ]  # fmt: skip
    # A display ends a task at its last step: that is done once it has been measured.
    assert {event.done for event in while_validating} == {3}
    assert (seen[-1].done, "loss" in seen[-1].figures) == (4, True)


def test_rare_emotions_are_made_up_for_once(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="--balanced, --class-weights: each makes up for rare emotions"):
        train(replace(SMALL, balanced=True, class_weights=True), workspace)
    for arm, setting in (("oversampled", "class_weights"), ("class-weighted", "balanced")):
        with pytest.raises(UsageError, match=f"--arm {arm}: --balanced, --class-weights"):
            BenchConfig(classifier=replace(SMALL, **{setting: True}), arms=("real", arm))

"""``feraug filter``: scores, stages, limits from real images, the artifact; with a stub of a classifier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.config import DEFAULTS, ClassifierConfig, FilterConfig
from feraug.emotions import UNLABELLED, emotion_code
from feraug.errors import (
    ArtifactError,
    ConfigConflictError,
    MissingArtifactError,
    StorageError,
    UsageError,
)
from feraug.faces import face_detector, face_scores
from feraug.faces.cascade import CascadeDetector
from feraug.metrics.similarity import all_pairs_ssim
from feraug.sources.drawn import draw
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.lock import exclusive
from feraug.store.synthetic import read_synthetic, writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.devices import of_cpu
from feraug.workflows.events import Event, Note
from feraug.workflows.filter_inputs import classifier_file
from feraug.workflows.filter_scores import independent
from feraug.workflows.filter_stages import STAGES, Limits, Scores, counted, dropped_at, limits_from
from feraug.workflows.filtering import FilterOptions, filter_synthetic
from feraug.workflows.info import describe
from feraug.workflows.train import train

NEUTRAL = emotion_code("neutral")
CASCADE = FilterConfig("neutral", detector="cascade")
FACES, NOISE, COPIES, HAPPY = range(20), range(20, 30), range(30, 33), range(33, 40)
"""What lies where in the set that is filtered."""


class Stub:
    """A classifier that knows the drawn faces it has seen, and is sure of brighter ones."""

    config, caution, inputs = SimpleNamespace(model="simple"), None, ()

    def __init__(self, path: Path, known: dict[bytes, int]) -> None:
        path.write_bytes(b"weights")
        self.path, self.digest, self._known = path, sha256_file(path), known

    def doubt(self, labels: NDArray[np.uint8]) -> str:
        """What is said beside the notes on the faces."""
        return f"of {len(labels)} labels"

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        chances = np.full((len(images), 7), 0.01, np.float32)
        for place, image in enumerate(images):
            chances[place, self._known.get(image.tobytes(), 0)] = 0.5 + image.mean() / 600
        return chances / chances.sum(axis=1, keepdims=True)


@pytest.fixture
def noise_set(workspace: Workspace) -> Path:
    """Forty images: drawn neutral faces, noise, copies of training images, happy faces."""
    dataset = read_dataset(workspace.dataset())
    images = np.concatenate([
        draw(9, range(1000, 1020), "neutral"),
        np.random.default_rng(0).integers(0, 256, (10, 48, 48), np.uint8),
        dataset.images[dataset.rows(split="train", emotion="neutral")[:3]],
        draw(9, range(1040, 1047), "happy"),
    ])  # fmt: skip
    path = workspace.synthetic("noise")
    provenance = Provenance({"count": 40}, "test", 0, {"wgan-gp.h5": "a" * 64})
    with writing_synthetic(path, 40, provenance, {"sources": [], "model": "a" * 64}) as writer:
        labels = np.full(40, NEUTRAL, np.uint8)
        labels[5] = UNLABELLED
        writer.append(
            images, labels, rows=np.full(40, -1), source=0, rounds=np.zeros(40, np.uint16)
        )  # fmt: skip
    return path


@pytest.fixture
def stub(workspace: Workspace, noise_set: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """The stub in place of models/simple.h5."""
    dataset, faces = read_dataset(workspace.dataset()), read_synthetic(noise_set).images
    known = {image.tobytes(): int(code) for image, code in zip(dataset.images, dataset.labels, strict=True)}
    known |= {faces[place].tobytes(): NEUTRAL for place in (*FACES, *NOISE, *COPIES)}
    known |= {faces[place].tobytes(): emotion_code("happy") for place in HAPPY}
    (workspace.root / "models").mkdir()
    stub = Stub(workspace.model("simple"), known)
    monkeypatch.setattr("feraug.workflows.filtering.load_classifier", lambda path, device: stub)
    return stub


def test_what_is_kept_and_what_goes_where(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    config = replace(CASCADE, min_face=0.5, min_confidence=0.0, max_similarity=0.999)
    result = filter_synthetic(config, noise_set, workspace)
    kept = read_synthetic(result.path)
    assert kept.filtered is not None
    where = kept.filtered.scores["dropped_at"]
    name = dict(enumerate(("", *STAGES)))
    stages = {place: name[int(code)] for place, code in enumerate(where)}
    face = face_scores(read_synthetic(noise_set).images, CascadeDetector())
    for place in range(40):
        expected = "face" if not face[place] else "called" if place in HAPPY else ""
        expected = expected or ("not a copy" if place in COPIES else "")
        assert stages[place] == expected, place
    assert result.kept == len(kept.images) == (where == 0).sum() >= 15
    counts = {stage.name: stage.dropped for stage in result.stages}
    assert sum(counts.values()) + result.kept == 40 and result.stages[-1].left == result.kept
    assert counts["face"] >= 8 and counts["called"] >= 5
    parent = read_synthetic(noise_set)
    np.testing.assert_array_equal(kept.images, parent.images[kept.filtered.row])
    assert set(kept.labels) == {NEUTRAL} and set(kept.origin_row) == {-1}
    assert describe(result.path)["labels"] == {"neutral": result.kept}


def either_way(images: NDArray[np.uint8], references: NDArray[np.uint8]) -> NDArray[np.float32]:
    """SSIM (N, M) of each image or its mirror image, whichever is nearer."""
    return np.maximum(all_pairs_ssim(images, references), all_pairs_ssim(images[:, :, ::-1], references))


def test_the_artifact_holds_all_scores_and_where_it_came_from(
    workspace: Workspace, noise_set: Path, stub: Stub
) -> None:
    result = filter_synthetic(CASCADE, "noise", workspace)
    assert result.path == workspace.synthetic("noise-filtered").resolve()
    kept, parent = read_synthetic(result.path), read_synthetic(noise_set)
    assert kept.filtered is not None
    scores = kept.filtered.scores
    np.testing.assert_array_equal(scores["face"], face_scores(parent.images, CascadeDetector()))
    np.testing.assert_array_equal(scores["probabilities"], stub.probabilities(parent.images))
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="train")  # of all emotions: faces from noise are like no face in particular
    pairs = either_way(parent.images, dataset.images[rows])
    np.testing.assert_array_equal(scores["similarity"], pairs.max(axis=1))
    np.testing.assert_array_equal(scores["nearest_row"], rows[pairs.argmax(axis=1)])
    assert (scores["similarity"][list(COPIES)] == 1).all()
    np.testing.assert_array_equal(kept.filtered.row, np.flatnonzero(kept.filtered.kept))
    facts, header = kept.header.extra, kept.header.provenance
    assert facts["parent"] == sha256_file(noise_set) and facts["model"] == "a" * 64
    assert facts["label"] == "neutral" and facts["filter"]["classifier"] == stub.digest
    assert header.inputs == {
        "noise.h5": sha256_file(noise_set),
        "dataset.h5": sha256_file(workspace.dataset()),
        "simple.h5": stub.digest,
    }
    assert header.config["detector"] == "cascade" and header.config["min_face"] is None


def test_limits_come_from_real_validation_images(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    events: list[Event] = []
    result = filter_synthetic(CASCADE, noise_set, workspace, notify=events.append)
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="validation", emotion="neutral")
    images = dataset.images[rows]
    limits = {stage.name: stage.limit for stage in result.stages}
    assert result.real_images == len(rows)
    chances = np.sort(stub.probabilities(images)[:, NEUTRAL])
    assert limits["confident"] == chances[int(0.05 * len(rows))]
    train = dataset.images[dataset.rows(split="train")]
    likeness = np.sort(either_way(images, train).max(axis=1))
    assert limits["not a copy"] == likeness[len(rows) - 1 - int(0.05 * len(rows))]
    by_name = {stage.name: stage for stage in result.stages}
    assert by_name["confident"].real_dropped == (chances < np.float32(limits["confident"] or 0)).sum()
    assert by_name["label"].real_left == len(rows)
    told = [event.text for event in events if isinstance(event, Note)]
    assert not any("near copies" in text for text in told), "drawn faces have none"
    few = f"limits rest on {len(rows)} real 'neutral' images of validation, which are few"
    assert Note(few) in events
    assert Note(f"of {len(dataset.rows(split='validation'))} labels") in events


def test_a_dataset_that_was_not_searched_for_near_copies_is_told_of(
    workspace: Workspace, noise_set: Path, stub: Stub
) -> None:
    with h5py.File(workspace.dataset(), "r+") as file:
        config = json.loads(file.attrs["config"]) | {"source": "csv"}
        file.attrs["config"] = np.bytes_(json.dumps(config))
    events: list[Event] = []
    filter_synthetic(CASCADE, noise_set, workspace, notify=events.append)
    told = [event.text for event in events if isinstance(event, Note)]
    assert any(text.startswith("near copies of training images were not looked for") for text in told)
    events.clear()
    own = replace(CASCADE, max_similarity=0.9)
    filter_synthetic(own, noise_set, workspace, name="own", notify=events.append)
    assert not any("near copies" in event.text for event in events if isinstance(event, Note))


def test_a_detector_that_misses_many_real_faces_only_scores() -> None:
    chances = np.zeros((100, 7), np.float32)
    chances[:, NEUTRAL] = np.linspace(0.2, 1, 100)
    face = np.linspace(0.5, 1, 100).astype(np.float32)
    good, everywhere = Scores(face, chances), np.ones(100, bool)
    limits = limits_from(CASCADE, good, everywhere)
    assert limits.face == face[5] and limits.similarity is None  # which 95 of 100 reach
    face = face.copy()
    face[:5] = 0
    assert limits_from(CASCADE, Scores(face, chances), everywhere).face == face[5], "no face is none"
    face[:6] = 0
    assert limits_from(CASCADE, Scores(face, chances), everywhere).face is None
    own = limits_from(replace(CASCADE, min_face=0.9), Scores(face, chances), everywhere)
    assert own.face == 0.9
    nothing = np.zeros((100, 7), np.float32)
    assert limits_from(CASCADE, Scores(face, nothing), everywhere).confidence is None
    likeness = np.linspace(0, 1, 100).astype(np.float32)
    independent = likeness < 0.5
    limits = limits_from(CASCADE, Scores(face, chances, likeness), independent)
    assert limits.similarity == likeness[47], "copies do not set the limit"  # 48 of 50 stay below or at it
    assert limits_from(CASCADE, Scores(face, chances, likeness), ~everywhere).similarity is None


def test_the_best_are_kept_in_their_order() -> None:
    chances = np.zeros((6, 7), np.float32)
    chances[:, NEUTRAL] = [0.6, 0.9, 0.7, 0.9, 0.8, 0.1]
    chances[5, 0] = 0.9
    scores = Scores(np.ones(6, np.float32), chances)
    labels = np.full(6, NEUTRAL, np.uint8)
    labels[4] = 0
    config, none = replace(CASCADE, keep=2), Limits(None, None, None)
    where = dropped_at(config, none, scores, labels)
    assert [("", *STAGES)[code] for code in where] == ["best", "", "best", "", "label", "called"]
    assert dropped_at(config, none, scores, None).tolist() == [0, 0, 0, 0, 0, 3], (
        "--keep is for synthetic ones"
    )
    stages = counted(config, none, where, dropped_at(config, none, scores, None))
    assert [(stage.dropped, stage.left) for stage in stages] == [
        (1, 5),
        (0, 5),
        (1, 4),
        (0, 4),
        (0, 4),
        (2, 2),
    ]


def test_translations_and_their_origins(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="train", emotion="neutral")[:12]
    faces = draw(0, rows, "happy")
    stub._known.update({image.tobytes(): emotion_code("happy") for image in faces})
    path = workspace.synthetic("cyclegan-neutral-happy")
    digest = sha256_file(workspace.dataset())
    provenance = Provenance({"pair": "neutral:happy"}, "test", 0, {"dataset.h5": digest})
    facts = {"sources": [digest], "model": "b" * 64, "label": "happy"}
    with writing_synthetic(path, 12, provenance, facts) as writer:
        labels = np.full(12, emotion_code("happy"), np.uint8)
        writer.append(faces, labels, rows=rows, source=0, rounds=np.arange(12, dtype=np.uint16))
    result = filter_synthetic(
        FilterConfig("Happiness", detector="cascade", max_similarity=1.0), path, workspace
    )
    kept = read_synthetic(result.path)
    assert kept.filtered is not None and result.emotion == "happy" and result.kept >= 8
    np.testing.assert_array_equal(kept.origin_row, rows[kept.filtered.row])
    np.testing.assert_array_equal(kept.origin_round, kept.filtered.row)
    assert describe(result.path)["rounds"] == 1, "each once, in whatever round of its parent"
    assert kept.sources == [digest]
    of_happy = dataset.rows(split="train", emotion="happy")  # not their own sources
    assert set(kept.filtered.scores["nearest_row"]) <= set(of_happy)
    with pytest.raises(ArtifactError, match=r"nothing in it was made as 'sad'; .* made as happy"):
        filter_synthetic(replace(CASCADE, emotion="sad"), path, workspace, name="x")
    strict = FilterConfig("happy", detector="cascade", max_similarity=-1.0)
    with pytest.raises(
        ArtifactError, match=r"none of its 12 images passes as 'happy' \(dropped by: .*not a copy"
    ):
        filter_synthetic(strict, path, workspace, name="x")


@pytest.fixture
def mixed_set(workspace: Workspace, noise_set: Path) -> Path:
    """The same forty images, the happy ones labelled so, the others neutral, all of them labelled."""
    parent = read_synthetic(noise_set)
    labels = np.full(40, NEUTRAL, np.uint8)
    labels[list(HAPPY)] = emotion_code("happy")
    labels[3] = emotion_code("happy")  # which the classifier does not call it
    path = workspace.synthetic("mixed")
    with writing_synthetic(path, 40, parent.header.provenance, parent.header.extra) as writer:
        writer.append(
            parent.images, labels, rows=parent.origin_row, source=0, rounds=parent.origin_round
        )  # fmt: skip
    return path


def test_each_image_shows_what_it_was_made_as(workspace: Workspace, mixed_set: Path, stub: Stub) -> None:
    events: list[Event] = []
    config = FilterConfig("All", detector="cascade")
    every = filter_synthetic(config, "mixed", workspace, notify=events.append)
    real = [one.real_images for one in every.by_emotion.values()]
    assert Note("limits rest on few real images of validation: happy {}, neutral {}".format(*real)) in events
    alone = {
        emotion: filter_synthetic(
            FilterConfig(emotion, detector="cascade"), "mixed", workspace, name=emotion, notify=events.append
        )
        for emotion in ("happy", "neutral")
    }
    told = Note(
        "8 images made as another emotion are left out; 'feraug filter mixed --emotion all' asks of each "
        "what it was made as"
    )
    assert told in events
    kept, parent = read_synthetic(every.path), read_synthetic(mixed_set)
    singles = {emotion: read_synthetic(one.path) for emotion, one in alone.items()}
    assert kept.filtered is not None
    rows = np.sort(np.concatenate([one.filtered.row for one in singles.values() if one.filtered]))
    np.testing.assert_array_equal(kept.filtered.row, rows)
    np.testing.assert_array_equal(kept.images, parent.images[rows])
    np.testing.assert_array_equal(kept.labels, parent.labels[rows])
    assert set(kept.labels) == {NEUTRAL, emotion_code("happy")} and 3 not in rows
    for emotion, one in singles.items():
        mine = parent.labels == emotion_code(emotion)
        assert one.filtered is not None
        for name, values in one.filtered.scores.items():
            np.testing.assert_array_equal(values[mine], kept.filtered.scores[name][mine], err_msg=name)
        # The same stages, but for the images of the other emotion, which do not come in at all.
        for stage, same in zip(alone[emotion].stages, every.by_emotion[emotion].stages, strict=True):
            if stage.name != "label":
                assert stage == same
    assert every.images == 40 and every.kept == len(rows) == every.stages[-1].left
    assert every.real_images == sum(one.real_images for one in alone.values())
    assert every.stages[1].dropped == sum(one.stages[1].dropped for one in every.by_emotion.values()) > 0
    assert all(stage.limit is None for stage in every.stages)
    assert "label" not in kept.header.extra and kept.header.extra["filter"]["by_emotion"]["happy"]
    again = filter_synthetic(FilterConfig("all", detector="cascade"), "mixed", workspace)
    assert again.already_done and again.as_json() == {**every.as_json(), "already_done": True}
    best = filter_synthetic(FilterConfig("all", keep=2, detector="cascade"), "mixed", workspace, name="best")
    assert np.bincount(read_synthetic(best.path).labels)[[emotion_code("happy"), NEUTRAL]].tolist() == [2, 2]


def test_a_classifier_that_hardly_knows_a_rare_emotion_is_told_of(
    workspace: Workspace, noise_set: Path, stub: Stub
) -> None:
    with h5py.File(noise_set, "r+") as file:
        file["labels"][...] = emotion_code("disgust")
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="validation", emotion="disgust")
    told = (
        "the classifier calls {} of the real 'disgust' faces so, and will keep few; one that knows rare "
        f"emotions: 'feraug train simple{of_cpu()} --class-weights --name simple-weighted', then "
        "--classifier simple-weighted"
    )
    config = FilterConfig("disgust", detector="cascade")
    for knows, said in ((True, []), (False, [told.format("0%")])):
        if not knows:
            stub._known.update({dataset.images[row].tobytes(): NEUTRAL for row in rows})
        events: list[Event] = []
        with pytest.raises(ArtifactError, match="none of its 40 images passes as 'disgust'"):
            filter_synthetic(config, noise_set, workspace, notify=events.append)
        assert [event.text for event in events if isinstance(event, Note) and "so, and" in event.text] == said
    stub.config = SimpleNamespace(model="simple", class_weights=True)  # knows no better way
    other = r"dropped by: .*right emotion \d+\); train the model, or the classifier that .* for longer"
    with pytest.raises(ArtifactError, match=other):
        filter_synthetic(config, noise_set, workspace, notify=events.append)
    assert len([event for event in events if isinstance(event, Note) and "so, and" in event.text]) == 1
    stub.config = SimpleNamespace(model="simple")
    # Neutral faces are many: a classifier that does not know those is a bad one, with weights or without.
    with h5py.File(noise_set, "r+") as file:
        file["labels"][...] = NEUTRAL
    stub._known = dict.fromkeys(stub._known, 0)
    with pytest.raises(ArtifactError, match="passes as 'neutral'"):
        filter_synthetic(CASCADE, noise_set, workspace, notify=events.append)
    assert len([event for event in events if isinstance(event, Note) and "so, and" in event.text]) == 1


def test_a_set_of_one_emotion_asked_for_each_as_it_was_made(
    workspace: Workspace, mixed_set: Path, stub: Stub
) -> None:
    with h5py.File(mixed_set, "r+") as file:
        file["labels"][...] = NEUTRAL
    every = filter_synthetic(FilterConfig("all", detector="cascade"), mixed_set, workspace)
    assert list(every.by_emotion) == ["neutral"] and all(stage.limit is None for stage in every.stages)
    assert any(stage.limit is not None for stage in every.by_emotion["neutral"].stages)


def test_what_cannot_show_what_it_was_made_as(
    workspace: Workspace, noise_set: Path, mixed_set: Path, stub: Stub
) -> None:
    every = FilterConfig("all", detector="cascade")
    with pytest.raises(ArtifactError, match=r"noise\.h5: 1 image in it was made as no emotion; say what all"):
        filter_synthetic(every, "noise", workspace)
    stub._known = dict.fromkeys(stub._known, NEUTRAL)
    events: list[Event] = []
    result = filter_synthetic(replace(every, min_confidence=0.0), "mixed", workspace, notify=events.append)
    assert Note("no image passes as happy") in events
    assert result.by_emotion["happy"].stages[-1].left == 0 < result.by_emotion["neutral"].stages[-1].left
    strict = replace(every, min_confidence=0.0, max_similarity=-1.0)
    with pytest.raises(ArtifactError, match="none of its 40 images passes as what it was made as"):
        filter_synthetic(strict, "mixed", workspace, name="x")
    with h5py.File(result.path, "r+") as file:
        facts = json.loads(file.attrs["facts"])
        facts["filter"]["by_emotion"]["sad"] = 3
        text = json.dumps(facts)
        file.attrs.create("facts", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    with pytest.raises(ArtifactError, match="an unusable 'by_emotion' of the filter"):
        describe(result.path)


def test_run_again(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    first = filter_synthetic(CASCADE, noise_set, workspace)
    again = filter_synthetic(CASCADE, noise_set, workspace)
    assert again.already_done and (again.kept, again.stages) == (first.kept, first.stages)
    with pytest.raises(ConfigConflictError, match=r"keep: \(not set\) in the file, 3 asked for"):
        filter_synthetic(replace(CASCADE, keep=3), noise_set, workspace)
    fewer = filter_synthetic(
        replace(CASCADE, keep=3), noise_set, workspace, options=FilterOptions(overwrite=True)
    )
    assert fewer.kept == 3
    twice = filter_synthetic(CASCADE, fewer.path, workspace)
    assert twice.path.stem == "noise-filtered-filtered" and twice.images == 3


def test_a_filtered_set_names_the_parent_that_was_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, digest = read_dataset(workspace.dataset()), sha256_file(workspace.dataset())
    rows, parent = dataset.rows(split="train")[:30], workspace.synthetic("made")
    provenance = Provenance({"name": "made"}, "test", 0, {"dataset.h5": digest})
    with writing_synthetic(parent, 30, provenance, {"sources": [digest]}) as writer:
        labels = np.array([2] * 21 + [1] * 9, np.uint8)
        writer.append(dataset.images[rows], labels, rows=rows, source=0, rounds=np.zeros(30, np.uint16))
    train(ClassifierConfig(model="simple", width=0.05, steps=2, batch_size=16), workspace)
    read = sha256_file(parent)

    def replaced(name: str) -> Any:
        parent.write_bytes(parent.read_bytes() + b"\0")
        return face_detector(name)

    monkeypatch.setattr("feraug.workflows.filtering.face_detector", replaced)
    surely = lambda self, images: np.tile(np.eye(7, dtype=np.float32)[2], (len(images), 1))  # noqa: E731
    monkeypatch.setattr("feraug.workflows.classifiers.Classifier.probabilities", surely)
    config = FilterConfig("fear", detector="cascade", min_face=0.0, max_similarity=1.0)
    result = filter_synthetic(config, "made", workspace)
    header = read_synthetic(result.path).header
    assert header.extra["parent"] == read and read in header.provenance.inputs.values()


def test_two_filters_of_one_name_at_once(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    busy = pytest.raises(StorageError, match="another feraug process is writing it")
    with exclusive(workspace.synthetic("noise-filtered")), busy:
        filter_synthetic(CASCADE, noise_set, workspace)
    filter_synthetic(CASCADE, noise_set, workspace)
    with exclusive(workspace.synthetic("noise-filtered")):
        assert filter_synthetic(CASCADE, noise_set, workspace).already_done


def test_missing_things_are_named(workspace: Workspace, noise_set: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError, match=r"nope: no such synthetic set \(did you mean 'noise'"):
        filter_synthetic(CASCADE, "nope", workspace)
    with pytest.raises(MissingArtifactError, match=r"models/simple: no such classifier file.* NAME\.h5"):
        classifier_file(Path("models/simple"), workspace)
    with pytest.raises(MissingArtifactError, match=r"simple\.h5: no classifier yet; .*feraug train simple"):
        filter_synthetic(CASCADE, "noise", workspace)
    with pytest.raises(MissingArtifactError, match=r"models/vgg19\.h5: no classifier yet; .*train vgg19"):
        filter_synthetic(CASCADE, "noise", workspace, classifier=Path("vgg19"))
    train(replace(DEFAULTS["simple"], steps=1, width=0.1), workspace, name="mine")
    for asked, told in (("other", r" \(there: mine\)"), ("mime", r" \(did you mean 'mine'\?\)")):
        with pytest.raises(MissingArtifactError, match=rf"{asked}\.h5: no such classifier{told}; name"):
            filter_synthetic(CASCADE, "noise", workspace, classifier=Path(asked))
    with pytest.raises(ArtifactError, match="holds a dataset, not a synthetic set"):
        filter_synthetic(CASCADE, workspace.dataset(), workspace)
    with h5py.File(workspace.dataset(), "r+") as file:
        labels = file["labels"][()]
        labels[labels == NEUTRAL] = 0
        file["labels"][...] = labels
    with pytest.raises(ArtifactError, match="no 'neutral' images in its validation split"):
        filter_synthetic(CASCADE, "noise", workspace)
    workspace.dataset().unlink()
    with pytest.raises(MissingArtifactError, match="feraug prepare"):
        filter_synthetic(CASCADE, "noise", workspace)


def test_the_set_itself_is_not_replaced(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    with pytest.raises(UsageError, match="is the set that is to be filtered"):
        filter_synthetic(CASCADE, "noise", workspace, name="noise", options=FilterOptions(overwrite=True))
    # Where no capitals are minded, one file has two names, as a hard link has everywhere.
    workspace.synthetic("NOISE").hardlink_to(noise_set)
    with pytest.raises(UsageError, match=r"NOISE\.h5 is the set that is to be filtered"):
        filter_synthetic(CASCADE, "noise", workspace, name="NOISE", options=FilterOptions(overwrite=True))


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("filter/row", np.arange(3), "'filter/row' has shape"),
        ("filter/dropped_at", np.ones(40, np.uint8), "does not name the images"),
        ("filter/face", np.ones(7, np.float32), "'filter/face' has shape"),
        ("filter/probabilities", np.ones((40, 6), np.float32), "'filter/probabilities' has shape"),
        ("filter/similarity", np.ones(40, np.float64), "'filter/similarity' is float64"),
    ],
)
def test_damaged_scores(
    workspace: Workspace, noise_set: Path, stub: Stub, name: str, values: Any, words: str
) -> None:
    path = filter_synthetic(CASCADE, noise_set, workspace).path
    with h5py.File(path, "r+") as file:
        del file[name]
        file.create_dataset(name, data=values)
    with pytest.raises(ArtifactError, match=words):
        read_synthetic(path)


def test_rows_that_the_filter_did_not_leave(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    path = filter_synthetic(CASCADE, noise_set, workspace).path
    with h5py.File(path, "r+") as file:
        file["filter/row"][...] = file["filter/row"][()][::-1]
    with pytest.raises(ArtifactError, match="does not name the images"):
        read_synthetic(path)


def test_damaged_facts(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    path = filter_synthetic(CASCADE, noise_set, workspace).path
    with h5py.File(path, "r+") as file:
        text = file.attrs["facts"].decode().replace('"real_left"', '"unreal"')
        file.attrs.create("facts", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    with pytest.raises(ArtifactError, match="an unusable stage of the filter"):
        describe(path)


def test_mediapipe_s_limit_lets_95_percent_of_drawn_faces_through(
    face_model: Path, workspace: Workspace, noise_set: Path, stub: Stub
) -> None:
    result = filter_synthetic(FilterConfig("neutral"), noise_set, workspace)
    face = {stage.name: stage for stage in result.stages}["face"]
    assert result.detector == "mediapipe" and face.limit is not None and face.limit >= 0.5
    assert face.real_dropped <= 0.05 * result.real_images + 1 and face.dropped >= len(NOISE)
    inputs = read_synthetic(result.path).header.provenance.inputs
    assert inputs["blaze_face_short_range.tflite"].startswith("b4578f35")


def test_the_limit_of_confidence_is_of_real_images_that_are_called_so() -> None:
    chances = np.zeros((100, 7), np.float32)
    chances[:, NEUTRAL] = np.linspace(0.5, 1, 100)
    chances[:20, NEUTRAL], chances[:20, 0] = 0.1, 0.9
    limits = limits_from(CASCADE, Scores(np.ones(100, np.float32), chances), np.ones(100, bool))
    assert limits.confidence == chances[24, NEUTRAL]  # 95 % of 80 reach it


def test_what_just_reaches_its_limit_is_kept() -> None:
    chances = np.zeros((4, 7), np.float32)
    chances[:, NEUTRAL] = [0.6, 0.59, 0.6, 0.6]
    face = np.array([0.7, 0.7, 0.69, 0.7], np.float32)
    scores = Scores(face, chances, np.array([0.8, 0.8, 0.8, 0.81], np.float32))
    where = dropped_at(CASCADE, Limits(0.7, 0.6, 0.8), scores, None)
    assert [("", *STAGES)[code] for code in where] == ["", "confident", "face", "not a copy"]


def test_copies_and_near_copies_of_training_images_set_no_limit(workspace: Workspace) -> None:
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="validation")[:4]
    exact, near = (np.zeros(len(dataset.labels), bool) for _ in range(2))
    exact[rows[0]] = near[rows[1]] = True
    marked = {**dataset.columns, "copy_in_train": exact, "near_copy_in_train": near}
    assert independent(replace(dataset, columns=marked), rows).tolist() == [False, False, True, True]


def test_blank_images_set_no_limit(workspace: Workspace, noise_set: Path, stub: Stub) -> None:
    row = read_dataset(workspace.dataset()).rows(split="validation", emotion="neutral")[0]
    with h5py.File(workspace.dataset(), "r+") as file:
        file["images"][row], file["blank"][row] = 0, True
    rows = read_dataset(workspace.dataset()).rows(split="validation", emotion="neutral")
    assert filter_synthetic(CASCADE, noise_set, workspace).real_images == len(rows) - 1


def test_kept_images_of_several_sources_keep_theirs(workspace: Workspace, stub: Stub) -> None:
    """What a leak is looked for by."""
    dataset, digest = read_dataset(workspace.dataset()), sha256_file(workspace.dataset())
    rows = dataset.rows(split="train", emotion="neutral")[:12]
    faces = draw(0, rows, "happy")
    stub._known.update({image.tobytes(): emotion_code("happy") for image in faces})
    path = workspace.synthetic("mixed")
    provenance = Provenance({"pair": "neutral:happy"}, "test", 0, {"dataset.h5": digest})
    with writing_synthetic(
        path, 12, provenance, {"sources": [digest, "c" * 64], "model": "b" * 64}
    ) as writer:
        labels, rounds = np.full(12, emotion_code("happy"), np.uint8), np.zeros(12, np.uint16)
        writer.append(faces, labels, rows=rows, source=np.arange(12, dtype=np.uint8) % 2, rounds=rounds)
    config = FilterConfig("happy", detector="cascade", max_similarity=1.0)
    kept = read_synthetic(filter_synthetic(config, path, workspace).path)
    assert kept.filtered is not None and kept.sources == [digest, "c" * 64]
    np.testing.assert_array_equal(kept.origin_source, kept.filtered.row % 2)
    assert set(kept.origin_source) == {0, 1}

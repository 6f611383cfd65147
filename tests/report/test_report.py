"""``feraug report`` of whole, partial, damaged and real workspaces."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

import feraug
from feraug.config import ARMS, ClassifierConfig, PrepareConfig
from feraug.errors import ConfigConflictError, MissingArtifactError
from feraug.store.bench import read_bench
from feraug.store.compare_parts import CompareParts, DegradedFaces, GroupCodes, PhotoSets
from feraug.store.digests import sha256_file
from feraug.store.header import MODEL, SYNTHETIC, Provenance
from feraug.store.model import write_model
from feraug.store.workspace import Workspace
from feraug.workflows import report as module
from feraug.workflows.export import export_artifact
from feraug.workflows.prepare import prepare
from feraug.workflows.report import LARGEST, _numbers, report
from feraug.workflows.report_bench import _confusion, _overall
from feraug.workflows.report_ssim import _near_copies
from feraug.workflows.report_words import Ids
from feraug.workflows.train_classifier import train_classifier
from feraug.workflows.train_options import TrainOptions

ReadPage = Callable[[Path], Any]
PARTS = ["data", "models", "synthetic", "ssim", "compare", "bench", "provenance"]


def test_every_part_is_there(whole: Path, read_page: ReadPage) -> None:
    page = read_page(whole)
    assert [part["id"] for part in page.all("section")] == PARTS
    titles = [part["href"] for part in page.all("a") if part["href"] in {f"#{name}" for name in PARTS}]
    assert titles == [f"#{name}" for name in PARTS]
    for words in (
        "280, 48 x 48 grey", "real neutral", "made happy again", "the truth: happy", "real, of validation",
        "To the nearest training image", "most like their source", "has collapsed", "REDUCED", "p, Holm",
        "called so", "The classifier's SHA-256: ab", "Distributions", "FER-FD", "Confusion of real+synthetic",
        "feraug train latergan", "the same noise at every step",
    ):  # fmt: skip
        assert words.casefold() in (page.text + str(page.elements)).casefold(), words


def test_it_asks_for_nothing(whole: Path, read_page: ReadPage) -> None:
    text, page = whole.read_text("utf-8"), read_page(whole)
    assert "http:" not in text and "https:" not in text and "@import" not in text and "url(//" not in text
    for tag, attributes in page.elements:
        assert tag not in (
            "iframe",
            "object",
            "embed",
            "base",
            "form",
            "audio",
            "video",
            "source",
            "foreignobject",
        )
        for name in ("src", "href", "xlink:href"):
            target = attributes.get(name)
            assert (
                target is None or target.startswith(("#", "data:image/png;base64,")) or target == "data:,"
            ), target
    assert whole.stat().st_size < LARGEST
    assert str(Path.home()) not in text and "/tmp/" not in text


def test_ids_are_unique_and_links_lead_somewhere(whole: Path, read_page: ReadPage) -> None:
    page = read_page(whole)
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids)) > 20
    for _, attributes in page.elements:
        for name in ("href", "xlink:href"):
            target = attributes.get(name) or ""
            assert not target.startswith("#") or target[1:] in ids, target


def test_every_picture_is_told_in_words(whole: Path, read_page: ReadPage) -> None:
    page = read_page(whole)
    assert len(page.all("img")) > 20
    assert all(
        (image["alt"] or "").strip() and image["width"] and image["height"] for image in page.all("img")
    )
    plots = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    assert len(plots) == len(page.all("svg")) > 10
    assert all((plot["aria-label"] or "").strip() for plot in plots)
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1 and all(after - before <= 1 for before, after in pairwise(headings))


def test_the_same_workspace_gives_the_same_page(everything: Workspace, quick: None) -> None:
    first = report(everything)
    assert first.path == everything.root / "report.html"
    before = first.path.read_bytes()
    again = feraug.write_report(everything.root)  # a report may replace a report
    assert again == first and first.path.read_bytes() == before
    assert len(before) == first.bytes


def faces_in(page: Any) -> set[str]:
    """What pictures say they show."""
    return {image["alt"] for image in page.all("img")}


def test_faces_that_were_not_drawn_stay_out(
    drawn_dataset: Path, tmp_path: Path, read_page: ReadPage, quick: None
) -> None:
    export_artifact(drawn_dataset, tmp_path / "drawn.csv")
    workspace = Workspace(tmp_path / "artifacts")
    prepare(str(tmp_path / "drawn.csv"), PrepareConfig(near_copies=False), workspace.dataset())
    page = read_page(report(workspace).path)
    assert faces_in(page) == set()
    assert "can be passed on" in page.text and "Pictures of this data set are left out" in page.text
    page = read_page(report(workspace, real_faces=True).path)
    assert len(faces_in(page)) == 7
    assert "Pass it on only if" in page.text and "--real-faces" not in page.text


def test_nothing_made_from_real_faces_is_shown(
    everything: Workspace, monkeypatch: pytest.MonkeyPatch, read_page: ReadPage, quick: None
) -> None:
    monkeypatch.setattr("feraug.workflows.report_files._DRAWN", re.compile("no source"))
    page = read_page(report(everything).path)
    # Of all pictures only those that were made from noise are left.
    assert {alt.partition(" after")[0] for alt in faces_in(page)} == {"Samples of dcgan-happy"}
    # The data, two grids, the triptychs, two synthetic sets, pairs, the comparison, the top of the page.
    assert page.text.count("feraug report --real-faces") == 9
    page = read_page(report(everything, real_faces=True).path)
    assert len(faces_in(page)) > 20 and "Pass it on only if" in page.text


def test_a_comparison_by_group_and_by_degradation(
    everything: Workspace, compare_with: Callable[..., Path], read_page: ReadPage, quick: None
) -> None:
    two = np.array([0, 0, 0, 1], np.uint8)
    called = tuple(np.array([row], np.uint8) for row in ([3, 3, 3, 0], [3, 0, 0, 0], [3, 3, 0, 0]))
    degraded = DegradedFaces(
        ({"name": "blur", "strength": 1.0, "amount": "sigma 2"},), np.arange(4), np.arange(4),
        called,
    )  # fmt: skip
    photos = PhotoSets(
        "cascade", ({"name": "<b>us</b>", "photos": 2},), np.zeros(2, np.uint8),
        (np.eye(7, dtype=np.float32)[[3, 3]], np.eye(7, dtype=np.float32)[[3, 0]]),
        (np.ones(2, np.float32),) * 2,
    )  # fmt: skip
    parts = CompareParts({"age": GroupCodes(("child", "adult"), two, 1 - two)}, degraded, photos)
    assert "by group" not in read_page(report(everything).path).text
    compare_with(everything, "cyclegan-neutral-happy", parts=parts)
    result = report(everything)
    text = read_page(result.path).text
    assert result.problems == []
    # Of 4 neutral faces 3 are children, of 4 real happy ones 1 is.
    assert (
        "called happy, %, by age, with 95 % intervals (click a heading to sort) age faces untouched" in text
    )
    assert re.search(r"child 3 0\.0 0\.0 to 56\.1 0\.0 0\.0 to 79\.3 0\.0 0\.0 to 56\.1 adult 1 ", text)
    assert (
        "SSIM to the source, by age, with 95 % intervals (click a heading to sort) age faces cyclegan" in text
    )
    assert re.search(
        r"by photos, with 95 % intervals photos faces untouched cyclegan\S* <b>us</b> 2 100\.0", text
    )
    # Clean faces are called angry here, three in four of the blurred ones happy.
    assert "4 faces degraded, then translated, and 4 real happy ones degraded" in text
    assert re.search(r"clean 0\.0 .* blur sigma 2 75\.0 30\.1 to 95\.4 25\.0 \S+ to \S+ 50\.0 ", text)


def test_grids_beside_a_classifier_are_of_another_model(
    everything: Workspace, read_page: ReadPage, quick: None
) -> None:
    """A classifier may have taken the name of a translator of real faces."""
    grids = everything.samples("judge")
    shutil.copytree(everything.samples("dcgan-happy"), grids)
    assert not any(alt.startswith("Samples of judge") for alt in faces_in(read_page(report(everything).path)))
    train_classifier(
        ClassifierConfig(width=0.02, steps=2, batch_size=8), everything, name="judge",
        options=TrainOptions(overwrite=True),
    )  # fmt: skip
    assert not list(grids.glob("*.png"))


def test_intervals_of_one_repeat_are_called_so(
    everything: Workspace, bench_with: Callable[..., Path], read_page: ReadPage, quick: None
) -> None:
    once = "what another seed would give is not in them"
    assert once not in read_page(report(everything).path).text
    bench_with(everything, repeats=1)
    text = read_page(report(everything).path).text
    assert once in text and text.count("points (95 % CI, images alone)") == 2


def test_a_benchmark_of_all_arms_keeps_its_cautions_and_arms_their_names(
    everything: Workspace, bench_with: Callable[..., Path], read_page: ReadPage, quick: None
) -> None:
    arms = [arm for arm in ARMS if arm not in ("real", "reverse")]
    said = [f"{arm}: sentence {number}" for arm in arms for number in range(4)]
    said += [f"oversampled+synthetic against oversampled: sentence {number}" for number in range(4)]
    cautions = ["few test images (in brackets): disgust 1 (100.0); look", "made.h5: its model is not known."]
    figures = read_bench(bench_with(everything)).header.extra["table"]
    bench_with(everything, table={**figures, "conclusions": said + cautions})
    text = read_page(report(everything).path).text
    for sentence in (*said, "Few test images (in brackets): disgust 1", "made.h5: its model"):
        assert sentence in text, sentence


def test_what_one_arm_does_not_know_is_shown_of_the_others() -> None:
    figures = {"accuracy": [0.5, 0.6]}
    arms = {"logit-adjusted": figures, "real": {**figures, "validation_accuracy": [0.7, 0.7]}}
    table = _overall(arms, {"accuracy": 10})
    assert table.columns == ("arm", "validation", "accuracy")
    assert [row[1].text for row in table.rows] == ["", "70.0"]


def test_an_emotion_without_test_images_has_no_shares() -> None:
    counts = np.diag([3, 0, 4, 5, 6, 7, 8]).tolist()
    rows = _confusion("real", counts).rows
    assert [cell.text for cell in rows[1]] == ["disgust", *[""] * 7]
    assert [cell.text for cell in rows[2]] == ["fear", "0", "0", "100", "0", "0", "0", "0"]


def test_every_kind_of_loss_of_a_stargan_has_its_plot(everything: Workspace, quick: None) -> None:
    kinds = ("adversarial", "change", "class", "cycle", "identity", "mismatch", "penalty", "wasserstein")
    arrays = {f"history/{kind}": np.ones(9, np.float32) for kind in kinds}
    facts = {"step": 9, "steps": 9, "steps_per_epoch": 3, "finished": True}
    inputs = {"dataset.h5": sha256_file(everything.dataset())}
    config = {"model": "stargan", "emotions": ["happy", "sad"]}
    write_model(everything.model("one"), arrays, Provenance(config, "feraug train stargan", 0, inputs), facts)
    text = report(everything).path.read_text("utf-8")
    assert all(f"{kind} over 9 steps" in text for kind in kinds)


def test_what_nobody_knows_the_origin_of_stays_out(
    everything: Workspace, read_page: ReadPage, quick: None
) -> None:
    everything.dataset().rename(everything.root / "models" / "other.txt")
    page = read_page(report(everything).path)
    assert {alt.partition(" after")[0] for alt in faces_in(page)} == {"Samples of dcgan-happy"}
    page = read_page(report(everything, real_faces=True).path)
    assert len(faces_in(page)) > 5 and "This page shows real faces" in page.text, "for all that one knows"


def test_sets_whose_pairs_have_no_room_are_named(
    everything: Workspace, read_page: ReadPage, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.setattr("feraug.workflows.report_ssim._PICTURED", 0)
    told = read_page(report(everything).path).text
    assert re.search(r"The pairs of \d more sets? lie beside the analysis alone: [\w-]+\.", told)


def test_drawn_faces_alone_need_no_warning(everything: Workspace, read_page: ReadPage, quick: None) -> None:
    assert "This page shows real faces" not in read_page(report(everything, real_faces=True).path).text


def test_a_command_is_there_to_its_end(everything: Workspace, read_page: ReadPage, quick: None) -> None:
    long = f"feraug train cyclegan {'--steps 3 ' * 30}--name its-end"
    with h5py.File(next(everything.root.glob("models/cyclegan-*.h5")), "r+") as file:
        file.attrs.create("command", np.bytes_(long), dtype=h5py.string_dtype("utf-8", len(long)))
    assert read_page(report(everything).path).text.count(long) >= 2, "beside the settings, and in the tree"


def test_the_ids_of_a_page_are_no_artifact_s() -> None:
    ids = Ids()
    assert ids.new("data", "title") == "data-named-title"
    assert [ids.new("data", name) for name in ("数据", "比較")] == ["data-unnamed", "data-unnamed-2"]
    assert [ids.new("model", "a.b") for _ in range(2)] == ["model-a-b", "model-a-b-2"]


def test_known_test_images_are_counted_once(everything: Workspace, read_page: ReadPage, quick: None) -> None:
    for folder in everything.root.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    with h5py.File(everything.dataset(), "r+") as file:
        test = np.flatnonzero(file["split"][()] == 2)
        exact, near = np.zeros(280, bool), np.zeros(280, bool)
        exact[test[:3]], near[test[2:6]] = True, True  # one is both
        file["copy_in_train"][...] = exact
        file["near_copy_in_train"] = near
    text = read_page(report(everything).path).text
    assert (
        f"Exact or near copies of training images: 6 of {len(test)} test images ({6 / len(test):.1%})."
        in text
    )


def test_what_a_page_says_of_its_faces_its_counts_and_first(
    everything: Workspace, tmp_path: Path, read_page: ReadPage, quick: None
) -> None:
    """A translator's source is neither real nor held out; counts from before dropping; whole results lead."""
    model = next(one for one in everything.models() if one.stem.startswith("cyclegan"))
    with h5py.File(model, "r+") as file:
        config = json.loads(file.attrs["config"]) | {"source_share": 1.0}
        file.attrs["config"] = np.bytes_(json.dumps(config))
    (path,) = (everything.root / "bench").glob("*.h5")
    for name in ("a", "b", "z"):
        shutil.copy(path, path.with_name(f"{name}.h5"))
    with h5py.File(path.with_name("z.h5"), "r+") as file:
        facts = json.loads(file.attrs["facts"]) | {"reduced": False}
        file.attrs["facts"] = np.bytes_(json.dumps(facts))
    page = read_page(report(everything).path)
    assert page.text.index("Benchmark z") < page.text.index("Benchmark a, REDUCED"), "the whole one first"
    assert "Benchmark b" not in page.text[: page.text.index("The data")]
    assert "2 more benchmarks below." in page.text
    assert "neutral faces (100% of them of its source, which it was trained on), made happy" in page.text
    dropped = Workspace(tmp_path / "dropped")
    prepare("drawn:140", PrepareConfig(near_copies=False, drop_leaks=True), dropped.dataset())
    with h5py.File(dropped.dataset(), "r+") as file:
        facts = json.loads(file.attrs["facts"])
        facts["audit"]["copies_within"] = {"validation": 4, "test": 1234}
        file.attrs["facts"] = np.bytes_(json.dumps(facts | {"dropped": facts["dropped"] | {"leaks": 2}}))
    text = read_page(report(dropped).path).text
    assert "copies and near copies of one another 4 in validation, 1,234 in test" in " ".join(text.split())
    for row in ("blank images", "identical images", "copies of training images", "near copies of them"):
        assert f"{row} (before dropping)" in text


@pytest.mark.parametrize("kept", ["dataset.h5", "models", "synthetic", "ssim", "compare", "bench"])
def test_each_part_alone(everything: Workspace, read_page: ReadPage, kept: str, quick: None) -> None:
    for entry in everything.root.iterdir():
        if entry.name != kept:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    result = report(everything)
    assert result.problems == []
    page = read_page(result.path)
    present = {"dataset.h5": "data"}.get(kept, kept)
    assert [part["id"] for part in page.all("section")] == [present, "provenance", "missing"]
    assert len(result.missing) >= 4 and all("`feraug " in sentence for sentence in result.missing)
    for sentence in result.missing:
        assert sentence.replace("`", "").partition(":")[0] in page.text


@pytest.mark.parametrize("there", [False, True])
def test_an_empty_workspace_names_the_command_to_start_with(tmp_path: Path, there: bool) -> None:
    root = tmp_path / "artifacts"
    if there:
        (root / "models").mkdir(parents=True)
        (root / "notes.txt").write_text("not ours")
    with pytest.raises(MissingArtifactError, match="start with 'feraug prepare fer2013"):
        report(Workspace(root))
    assert not (root / "report.html").exists()


def test_damaged_and_foreign_files_are_named(everything: Workspace, read_page: ReadPage, quick: None) -> None:
    root = everything.root
    (root / "models" / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    (root / "models" / "empty.h5").touch()
    (root / "models" / "folder.h5").mkdir()
    (root / "synthetic" / "<b>&.h5").write_text("text")
    (root / "compare" / "gone.h5").symlink_to(root / "nowhere")
    (root / "models" / "latergan-all" / "step-000003.png").write_text("no picture")
    with h5py.File(root / "foreign.h5", "w") as file:
        file["x"] = 1
    whole_file = (root / "ssim").glob("*.h5").__next__()
    whole_file.write_bytes(whole_file.read_bytes()[:-2000])
    result = report(everything)
    named = {problem["place"] for problem in result.problems}
    assert named == {
        "models/broken.h5", "models/empty.h5", "models/folder.h5", "synthetic/<b>&.h5", "compare/gone.h5",
        "models/latergan-all/step-000003.png", "foreign.h5", f"ssim/{whole_file.name}",
    }  # fmt: skip
    page = read_page(result.path)
    assert page.all("section")[-1]["id"] == "left-out"
    assert all(name in page.text for name in named)
    assert str(root) not in page.text


NONSENSE: list[dict[str, Any]] = [
    {"table": {"arms": {}, "differences": {}}},
    {"table": {"arms": [], "differences": []}},
    {"table": {"arms": {"real": {}}, "differences": {"x": None}, "conclusions": 3}},
    {"table": {"arms": {"real": {"accuracy": ["x"]}}, "differences": {}}},
    {"steps": "many"},
]


def test_benchmarks_whose_tables_are_nonsense(
    everything: Workspace, bench_with: Callable[..., Path], read_page: ReadPage, quick: None
) -> None:
    for number, facts in enumerate(NONSENSE):
        bench_with(everything, 1, f"nonsense-{number}", **facts)
    result = report(everything)
    named = {problem["place"] for problem in result.problems}
    assert named == {f"bench/nonsense-{number}.h5" for number in range(len(NONSENSE))}
    assert "Confusion of real" in read_page(result.path).text  # the sound one is told in full


def test_hostile_names_and_settings(
    everything: Workspace, model_with: Callable[..., Path], read_page: ReadPage, quick: None
) -> None:
    hostile = "<script>alert(1)</script>"
    config = {"model": hostile, "pair": f"{hostile}:{hostile}", hostile: [hostile, None, {hostile: 1}]}
    model_with(
        everything, "x", config | {f"setting {number}": "long " * 90 for number in range(100)}, "role&<i>"
    )
    result = report(everything)
    page = read_page(result.path)
    assert result.problems == []
    assert len(page.all("script")) == 1 and not page.all("i")
    assert hostile in page.text and "more: feraug info FILE --config" in page.text


def test_a_page_has_an_end(
    everything: Workspace, monkeypatch: pytest.MonkeyPatch, read_page: ReadPage, quick: None
) -> None:
    monkeypatch.setattr("feraug.workflows.report_models._MODELS", 2)
    usual = report(everything)
    page = read_page(usual.path)
    assert len([part for part in page.all("article") if (part["id"] or "").startswith("model-")]) == 2
    assert "2 more are not shown here" in page.text
    monkeypatch.setattr(module, "LARGEST", int(usual.bytes * 0.7))
    monkeypatch.setattr(module, "_SCALES", (1.0, 0.05))
    result = report(everything)
    assert result.bytes < usual.bytes * 0.7 and result.left_out > 0
    page = read_page(result.path)
    assert "had no room" in page.text and [part["id"] for part in page.all("section")][:7] == PARTS


def test_pictures_without_end_are_left_out(everything: Workspace, quick: None) -> None:
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (12_000, 576), np.uint8)
    Image.fromarray(noise).save(everything.samples("latergan-all") / "step-000003.png")
    Image.new("L", (8000, 8000)).save(everything.samples("latergan-all") / "step-000009.png")
    result = report(everything)
    assert result.left_out >= 1 and result.bytes < LARGEST
    (problem,) = result.problems
    assert problem["place"].endswith("step-000009.png") and "too many" in problem["why"]


def test_nothing_but_a_report_is_replaced(everything: Workspace, quick: None) -> None:
    before = everything.dataset().read_bytes()
    for place in (everything.dataset(), everything.root / "models"):
        with pytest.raises(ConfigConflictError, match="no report"):
            report(everything, out=place)
    assert everything.dataset().read_bytes() == before


def test_no_training_and_no_torch_without_a_translator(everything: Workspace) -> None:
    for folder in ("models", "ssim", "compare"):
        shutil.rmtree(everything.root / folder)
    code = (
        "import sys\nfrom pathlib import Path\nfrom feraug.store.workspace import Workspace\n"
        "from feraug.workflows.report import report\n"
        f"report(Workspace(Path({str(everything.root)!r})))\n"
        "assert 'torch' not in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("count", "told"), [(1, "1 near copy of 30 (3.3%)"), (2, "2 near copies of 30 (6.7%)")]
)
def test_one_near_copy_is_called_one(count: int, told: str) -> None:
    share = {"images": count, "of": 30, "share": count / 30}
    real = {"train_near_copies": None, "validation": {"pairs": 40}}
    facts = {"config": {}, "threshold": 0.5, "threshold_from": "validation", "real": real}
    assert ("made", told) in list(_near_copies(facts, [{"name": "made", "near_copies": share}]))


def test_one_of_a_kind_is_called_one() -> None:
    one = SimpleNamespace(facts={"images": 1})
    inventory: Any = SimpleNamespace(of=lambda kind: {SYNTHETIC: [one], MODEL: [one, one]}.get(kind, []))
    assert _numbers(inventory) == (("2", "models"), ("1", "image in synthetic sets"))

"""Are drawn faces good enough?  Detectors, difficulty and speed, as one small table.

    FERAUG_FACE_MODEL=blaze_face_short_range.tflite python benchmarks/drawn_faces.py

Measures, on faces that nothing was tuned on (``--seed``): how many mediapipe's BlazeFace and
scikit-image's LBP cascade find, by emotion; how well a linear classifier and a small CNN, both
trained on 2,000 faces, name the emotions of 1,000 others; and the time a face takes.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from feraug.emotions import EMOTIONS
from feraug.sources.drawn import draw, row_emotions

PADDING = 24  # pixels on each side, half a face: the detectors expect surroundings
ENLARGED = 256  # side of what the detectors see


def enlarged(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pad by repeating the edge, and enlarge."""
    padded = np.pad(face, PADDING, mode="edge")
    return np.asarray(Image.fromarray(padded).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC))


def blazeface_found(faces: NDArray[np.uint8], model: str) -> NDArray[np.bool_]:
    """Which faces mediapipe finds at score 0.5."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceDetectorOptions(BaseOptions(model_asset_path=model), min_detection_confidence=0.5)
    with vision.FaceDetector.create_from_options(options) as detector:
        return np.array(
            [
                bool(
                    detector.detect(
                        mp.Image(mp.ImageFormat.SRGB, np.repeat(enlarged(face)[:, :, None], 3, axis=2))
                    ).detections
                )
                for face in faces
            ]
        )


def cascade_found(faces: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which faces scikit-image's LBP cascade finds."""
    from skimage import data
    from skimage.feature import Cascade

    cascade = Cascade(data.lbp_frontal_face_cascade_filename())

    def found(face: NDArray[np.uint8]) -> bool:
        smallest, largest = (ENLARGED // 4,) * 2, (ENLARGED,) * 2
        return bool(cascade.detect_multi_scale(enlarged(face), 1.1, 1, smallest, largest))

    return np.array([found(face) for face in faces])


def linear_accuracy(
    train: NDArray[np.uint8], labels: NDArray[np.uint8], test: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> float:
    """Multinomial logistic regression on pixels; the penalty is chosen on a held-out quarter of ``train``."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train.reshape(len(train), -1))
    x, x_test = scaler.transform(train.reshape(len(train), -1)), scaler.transform(test.reshape(len(test), -1))
    cut = len(x) * 3 // 4

    def held_out(c: float) -> float:
        return float(
            LogisticRegression(C=c, max_iter=150, tol=1e-2)
            .fit(x[:cut], labels[:cut])
            .score(x[cut:], labels[cut:])
        )

    best = max((1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 1e-2), key=held_out)
    return float(LogisticRegression(C=best, max_iter=150, tol=1e-2).fit(x, labels).score(x_test, truth))


def cnn_predictions(
    train: NDArray[np.uint8], labels: NDArray[np.uint8], test: NDArray[np.uint8], epochs: int
) -> NDArray[np.int64]:
    """A CNN of three convolutions, trained with mirroring and shifts, fixed number of epochs."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    net = nn.Sequential(
        *block(1, 24), *block(24, 48), *block(48, 96), nn.Flatten(), nn.Dropout(0.4),
        nn.Linear(96 * 36, 96), nn.ReLU(), nn.Dropout(0.3), nn.Linear(96, len(EMOTIONS)),
    )  # fmt: skip
    x = torch.from_numpy(train.astype(np.float32) / 127.5 - 1.0)[:, None]
    y = torch.from_numpy(labels.astype(np.int64))
    batch = 64
    steps = epochs * (len(x) // batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        if step % (len(x) // batch) == 0:
            order = torch.randperm(len(x))
        chosen = order[(step % (len(x) // batch)) * batch :][:batch]
        images = x[chosen]
        images = torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, images.flip(3), images)
        dy, dx = torch.randint(-3, 4, (2,)).tolist()
        images = torch.roll(images, (dy, dx), (2, 3))
        loss = nn.functional.cross_entropy(net(images), y[chosen], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        views = torch.from_numpy(test.astype(np.float32) / 127.5 - 1.0)[:, None]
        return (net(views) + net(views.flip(3))).argmax(1).numpy()


def write_sheet(path: str, seed: int) -> None:
    """Seven rows, one an emotion; twelve columns, each one person (rows 0 to 11 of the seed)."""
    sheet = np.vstack([np.hstack(draw(seed, range(12), emotion, strength=0.9)) for emotion in EMOTIONS])
    size = sheet.shape[1] * 2, sheet.shape[0] * 2
    Image.fromarray(sheet).resize(size, Image.Resampling.BICUBIC).save(path, optimize=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=40, help="of the CNN")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=("detectors", "difficulty", "speed"))
    parser.add_argument("--balanced", action="store_true", help="difficulty: equally many of each emotion")
    parser.add_argument("--sheet", metavar="PNG", help="draw the picture of the docs, nothing else")
    args = parser.parse_args()
    if args.sheet:
        write_sheet(args.sheet, args.seed)
        return
    if args.only in (None, "speed"):
        started = time.process_time()
        draw(args.seed, range(500))
        print(f"{'drawing':34}{(time.process_time() - started) * 2:8.2f} ms a face")
    if args.only in (None, "detectors"):
        _print_detectors(args.seed)
    if args.only in (None, "difficulty"):
        import torch

        torch.set_num_threads(args.threads)
        _print_difficulty(args.seed, args.epochs, balanced=args.balanced)


def _print_detectors(seed: int) -> None:
    rows = np.arange(1000)
    faces, labels = draw(seed, rows), row_emotions(seed, rows)
    model = os.environ.get("FERAUG_FACE_MODEL")
    found = {"LBP cascade finds": cascade_found(faces)}
    if model:
        found["BlazeFace finds (score 0.5)"] = blazeface_found(faces, model)
    else:
        print("BlazeFace: not measured, FERAUG_FACE_MODEL names no model file")
    for name, hits in found.items():
        each = "  ".join(f"{e} {100 * hits[labels == code].mean():.0f}" for code, e in enumerate(EMOTIONS))
        print(f"{name:34}{100 * hits.mean():8.1f} %   {each}")


def _print_difficulty(seed: int, epochs: int, *, balanced: bool) -> None:
    rows, fresh = np.arange(2000), np.arange(2000, 3000)
    labels, truth = (row_emotions(seed, some) for some in (rows, fresh))
    if balanced:
        labels, truth = ((some % len(EMOTIONS)).astype(np.uint8) for some in (rows, fresh))
    train = draw(seed, rows, [EMOTIONS[code] for code in labels])
    test = draw(seed, fresh, [EMOTIONS[code] for code in truth])
    print(f"{'logistic regression on pixels':34}{100 * linear_accuracy(train, labels, test, truth):8.1f} %")
    predicted = cnn_predictions(train, labels, test, epochs)
    print(f"{'small CNN':34}{100 * (predicted == truth).mean():8.1f} %")
    print("CNN, rows true, columns predicted:", ", ".join(EMOTIONS))
    confusion = np.zeros((len(EMOTIONS),) * 2, int)
    np.add.at(confusion, (truth, predicted), 1)
    for emotion, line in zip(EMOTIONS, confusion, strict=True):
        print(f"  {emotion:9}" + "".join(f"{count:5d}" for count in line))


if __name__ == "__main__":
    main()

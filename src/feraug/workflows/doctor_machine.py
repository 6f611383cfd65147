"""What ``feraug doctor`` says of packages, devices and the compiled paths."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np

from feraug.cores import available_cores
from feraug.faces import quietly
from feraug.version import __version__
from feraug.words import plural
from feraug.workflows.doctor_findings import BROKEN, NOTE, OK, Finding

NEEDED: Final = {
    "torch": "torch",
    "torchvision": "torchvision",
    "lightning-fabric": "lightning_fabric",
    "numpy": "numpy",
    "h5py": "h5py",
    "numba": "numba",
    "scipy": "scipy",
    "scikit-image": "skimage",
    "pillow": "PIL",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
    "rich": "rich",
    "typer": "typer",
    "mediapipe": "mediapipe",
    "pooch": "pooch",
}
"""The packages that feraug depends on, as pip calls them and as Python imports them."""

OPTIONAL: Final = {
    "mediapipe": "scikit-image's cascade finds the faces instead, fewer of them",
    "pooch": "it fetches the face model; $FERAUG_FACE_MODEL can name the file instead",
    "tensorboard": "'feraug train --log-dir' needs it",
}
"""Packages without which feraug works, and what is missing then."""


def versions() -> Iterator[Finding]:
    """feraug, Python and the packages: which version, and whether they can be imported."""
    yield Finding("versions", "feraug", f"{__version__} ({Path(__file__).parents[1]})")
    yield Finding(
        "versions", "Python", f"{platform.python_version()} ({platform.system()} {platform.machine()})"
    )
    for name, module in NEEDED.items():
        yield _package(name, module)
    found = _version("tensorboard")
    yield Finding("versions", "tensorboard", found or f"not installed; {OPTIONAL['tensorboard']}")


def _package(name: str, module: str) -> Finding:
    found = _version(name)
    install = f"pip install {name}"
    optional = OPTIONAL.get(name)
    bad, advice = (NOTE, f"{install} ({optional})") if optional else (BROKEN, install)
    if found is None:
        return Finding("versions", name, "not installed", bad, advice)
    try:
        with quietly():
            importlib.import_module(module)
    except Exception as problem:  # a broken installation shows in many ways
        lines = str(problem).splitlines() or [type(problem).__name__]
        return Finding("versions", name, f"{found}, cannot be imported ({lines[0]})", bad, advice)
    return Finding("versions", name, found)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def devices() -> Iterator[Finding]:
    """CPU, GPUs, and the precisions that training can take on them."""
    import torch

    from feraug.workflows.devices import can_compute, choose_device

    yield Finding("devices", "CPU", _cpu(torch.get_num_threads()))
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    usable = False
    for number in range(count):
        card = torch.cuda.get_device_properties(number)
        memory = f"{card.total_memory / 2**30:.0f} GiB"
        what = f"{card.name}, {memory}, {card.major}.{card.minor}"
        if can_compute(torch.device("cuda", number)):
            usable = True
            yield Finding("devices", f"cuda:{number}", what)
        else:
            advice = "this torch has no code for it: docs/platforms.md says which has"
            yield Finding("devices", f"cuda:{number}", what, NOTE, advice)
    if not count:
        built = torch.version.cuda
        why = f"torch is built for CUDA {built}, and sees no card" if built else "torch is built without CUDA"
        lacks = built is None and shutil.which("nvidia-smi") is not None
        advice = "there is an NVIDIA driver: docs/platforms.md says which torch uses it" if lacks else ""
        yield Finding("devices", "CUDA", f"none ({why})", NOTE if lacks else OK, advice)
    mps = torch.backends.mps.is_available()
    if mps:
        yield Finding("devices", "MPS", "Apple's GPU")
    yield Finding("devices", "auto takes", choose_device("auto").type)
    yield Finding("devices", "32-true", "everywhere")
    yield Finding("devices", "bf16-mixed", _bf16(usable))
    yield Finding("devices", "16-mixed", "on the GPU" if usable else "not here: it needs an NVIDIA GPU")


def _cpu(threads: int) -> str:
    cores = os.cpu_count() or 1
    usable = available_cores()
    text = plural(cores, "core")
    if usable < cores:
        text += f", {usable} for this process"
    limit = os.environ.get("OMP_NUM_THREADS")
    return f"{text}, {plural(threads, 'thread')} for torch" + (f" (OMP_NUM_THREADS={limit})" if limit else "")


def _bf16(gpu: bool) -> str:
    import torch

    if gpu:
        works = torch.cuda.is_bf16_supported(including_emulation=False)
        return "on the GPU" if works else "on the CPU, not by this GPU"
    flags = _cpu_flags()
    if not flags:
        return "on the CPU; whether it is fast there, --dry-run tells"
    if "amx_bf16" in flags:
        return "on the CPU, fast (amx_bf16)"
    # avx512_bf16 alone made a cyclegan's step 1.3 times as long on one machine, and the classifiers' 0.64
    # to 0.68 times on another (AMD EPYC, Zen 4); ARM's bf16 is not measured.
    some = {"avx512_bf16", "bf16"} & flags
    return "on the CPU; whether it is fast, --dry-run tells" if some else "on the CPU, slower than 32-true"


def _cpu_flags() -> set[str]:
    """What Linux says that the processor can do; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    found = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return set(found.partition(":")[2].split())


def fast_paths() -> Iterator[Finding]:
    """Compiled code that something slower, or nothing, stands in for."""
    yield _compiled_ssim()
    yield _compiled_convolutions()
    yield _compiled_networks()
    yield _several_processes()


def _compiled_ssim() -> Finding:
    """One call of the compiled similarity, whose answer is known."""
    from feraug.metrics.similarity import all_pairs_ssim

    name = "numba"
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    advice = "'prepare', 'ssim', 'filter' and 'compare' need it: pip install -U numba"
    try:
        found = all_pairs_ssim(faces, faces)
    except Exception as problem:  # numba fails in many ways
        lines = str(problem).splitlines() or [type(problem).__name__]
        return Finding("fast paths", name, f"does not compile ({lines[0]})", BROKEN, advice)
    if not np.allclose(np.diag(found), 1.0, atol=1e-5):
        return Finding("fast paths", name, "compiles, and computes wrongly", BROKEN, advice)
    return Finding("fast paths", name, "compiles the similarity of images")


def _compiled_convolutions() -> Finding:
    import torch

    name, capability = "oneDNN", torch.backends.cpu.get_cpu_capability()
    if torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return Finding("fast paths", name, f"convolutions on the CPU ({capability})")
    advice = "convolutions on the CPU are slow; another build of torch may have it"
    return Finding("fast paths", name, f"not in this torch ({capability})", NOTE, advice)


def _compiled_networks() -> Finding:
    import torch

    from feraug.training import without_compiler

    missing = without_compiler("cuda" if torch.cuda.is_available() else "cpu")
    if missing is not None:
        return Finding("fast paths", "--compile", f"'train' goes on without it: {missing}")
    return Finding("fast paths", "--compile", "torch.compile can fuse what translators compute")


def _several_processes() -> Finding:
    import torch

    name = "--devices N"
    if torch.distributed.is_available():
        backends = [kind for kind in ("nccl", "gloo") if getattr(torch.distributed, f"is_{kind}_available")()]
        return Finding("fast paths", name, f"several processes by {', '.join(backends)}", OK)
    return Finding("fast paths", name, "not with this torch; one device at a time", NOTE)

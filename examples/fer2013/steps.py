"""The steps of the protocol: one ``feraug`` command each, in the order of their priority.

Only data: a step is a command line, the artifact that it makes, and the steps that must be done before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

TARGETS: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise")
"""What neutral faces are made into."""

EMOTIONS: Final = (*TARGETS, "neutral")

PRIORITIES: Final = {
    1: "Audit; FER+ cleaned labels",
    2: "Translators from neutral to the six others",
    3: "`simple`: real, real and synthetic, oversampled",
    4: "Translators side by side on neutral:happy",
    5: "Ways of using the synthetic images, chosen on validation",
    6: "`vgg19`, `surreal`, and the other controls",
    7: "Does Neutral stop falling? With fewer translations, with some into neutral, with faces from noise",
    8: "With a tenth of the real faces, for translators and classifiers alike",
    9: "Other runs of the same translator: do they come to the same?",
    10: "Translations and oversampling together: do they add to it?",
    11: "Controls without a GAN: real faces again in place of translations, and another rule to decide by",
}


@dataclass(frozen=True)
class Step:
    """A command; ``line`` is what follows ``feraug``, for the workspace ``artifacts``.

    ``makes`` is the artifact, relative to the workspace; ``needs`` are the steps that must be done;
    ``sets`` those whose synthetic sets are given to it as ``--synthetic``: each must have been tried, and the
    ones that came to nothing (a filter that kept no image) are left out.  ``pieces``: it can be stopped and
    goes on; what cannot is done again from its start.
    """

    name: str
    priority: int
    line: str
    makes: str
    needs: tuple[str, ...] = ("audit",)
    sets: tuple[str, ...] = ()
    pieces: bool = False

    @property
    def before(self) -> tuple[str, ...]:
        """All steps that come before this one."""
        return self.needs + self.sets


@dataclass(frozen=True)
class Scale:
    """Options by which the scales differ: of trainings, of benchmarks, and how many images are made.

    ``judge`` is the classifier that judges translators, and how it is trained; it must not be the one that
    filters, trained with ``filter_by``.  ``filter_rare_by`` trains one that knows disgust, too: of 436 faces
    in 28,709 a short training without class weights learns next to nothing.  ``wider`` is a second
    ``simple``, nearer to the full one; empty where ``simple`` is that.  Of a tenth of the faces an epoch is
    a tenth as long: ``tenth`` has more of them.
    """

    judge: tuple[str, str]
    filter_by: str
    filter_rare_by: str
    simple: str
    wider: str
    vgg19: str
    surreal: str
    repeats: str
    vgg19_repeats: str
    stargan: str
    mismatch: str
    long: str
    pair: str
    wasserstein: str
    noise: str
    compare: str
    ssim: str
    tenth: str
    long_of_tenth: str
    count: int


_NARROW: Final = "--preset cpu --width 0.25 --epochs 8 --precision bf16-mixed"

SCALES: Final = {
    # The defaults, on a GPU.
    "full": Scale(
        judge=("vgg19", "vgg19"), filter_by="", filter_rare_by="", simple="", wider="", vgg19="", surreal="",
        repeats="--repeats 5", vgg19_repeats="--repeats 3",
        stargan="", mismatch="--mismatch-weight 1",
        long="--mismatch-weight 1 --change-weight-end 4 --epochs 40", pair="", wasserstein="",
        noise="", compare="", ssim="",
        tenth="--epochs 200", long_of_tenth="--mismatch-weight 1 --change-weight-end 4 --epochs 200",
        count=4965,
    ),
    # Narrow networks (base_channels 16 in all), few epochs, on two CPU cores.  Three repeats at a quarter of
    # the width take as long as one at half of it, and one repeat allows no conclusion.
    "reduced": Scale(
        judge=("judge", f"simple {_NARROW} --seed 100 --name judge"),
        filter_by="--preset cpu --epochs 10 --precision bf16-mixed",
        filter_rare_by="--preset cpu --width 0.25 --epochs 8 --seed 101",
        simple=_NARROW,
        wider="--preset cpu --precision bf16-mixed --devices 2 --repeats 3",
        vgg19="--preset cpu --epochs 12 --batch-size 64 --precision bf16-mixed",
        surreal="--preset cpu --epochs 8",
        repeats="--repeats 3",
        vgg19_repeats="--repeats 3",
        stargan="--preset cpu --compile --batch-size 8 --generator-rate 1e-3"
        " --discriminator-rate 1e-3 --change-weight 1 --class-weight 0.2 --cycle-weight 1 --head-start 0"
        " --mismatch-weight 0 --budget 55m",
        mismatch="--preset cpu --compile --budget 20m",  # the preset has the term
        long="--preset cpu --compile --precision bf16-mixed --change-weight-end 4 --budget 38m",
        pair="--preset cpu --compile --mismatch-weight 0 --budget 20m",
        wasserstein="--change-weight 10",
        noise="--preset cpu --precision bf16-mixed --budget 20m",
        compare="--references 1000 --queries 600",
        ssim="--queries 600",
        tenth="--preset cpu --width 0.25 --epochs 40 --precision bf16-mixed",
        long_of_tenth="--preset cpu --compile --precision bf16-mixed --change-weight-end 4 --budget 25m",
        count=4965,
    ),
}  # fmt: skip

CHOSEN_ON_VALIDATION: Final = {
    "simple": "mixed in from the start, unfiltered",
    "simple-filtered": "filtered, mixed in",
    "simple-pretrain": "`--use pretrain`: before the real ones, unfiltered",
    "simple-fill": "`--use fill`: up to the largest class, unfiltered",
    "simple-cap": "`--per-class-cap 1000`, unfiltered",
    "simple-rare": "all:disgust and all:fear alone, unfiltered",
    "simple-mismatch": "by a `stargan` with `--mismatch-weight`, filtered",
    "simple-disgust": "into disgust alone, by a `stargan` with `--mismatch-weight`, filtered by a classifier "
    "with class weights",
    "simple-ferplus": "by a translator that learned from FER+-cleaned faces",
    "simple-long": "by a `stargan` shown most faces, with a rising change weight, filtered; disgust by a "
    "classifier with class weights",
    "simple-few": "by the `stargan` shown most faces, filtered, a tenth as many as real ones (`--ratio 0.1`)",
    "simple-cyclegan": "by a `cyclegan` a pair with `--mismatch-weight`, filtered",
}
"""Benchmarks of ``real+synthetic`` among which validation chooses, and what each does."""


def steps(scale: Scale, *, ferplus: bool = True) -> list[Step]:
    """All steps in their order; without those that rest on the FER+ votes where there are none."""
    every = [
        *_data(), *_translators(scale), *_simple(scale), *_side_by_side(scale), *_ways(scale),
        *_classifiers(scale), *_neutral(scale), *_of_tenth(scale), *_again(scale), *_both(scale),
        *_resampled(scale),
    ]  # fmt: skip
    left_out = set() if ferplus else {"ferplus"}
    kept = []
    for step in sorted(every, key=lambda step: step.priority):
        if left_out & {step.name, *step.before}:
            left_out.add(step.name)
        else:
            kept.append(replace(step, line=" ".join(step.line.split())))
    return kept


def _data() -> Iterator[Step]:
    ferplus = "prepare fer2013.csv --ferplus fer2013new.csv --labels ferplus --name ferplus"
    yield Step("audit", 1, "prepare fer2013.csv", "dataset.h5", needs=())
    yield Step("ferplus", 1, ferplus, "ferplus.h5")


def _training(name: str, priority: int, line: str, needs: tuple[str, ...] = ("audit",)) -> Step:
    """A training whose file has the step's name."""
    return Step(name, priority, f"train {line}", f"models/{name}.h5", needs, pieces=True)


def _made(name: str, priority: int, model: str, pair: str, count: int, more: str = "", *needs: str) -> Step:
    """Translations by ``model``, in a set of the step's name."""
    line = f"synth --model {model} --pair {pair} {more} -n {count} --name {name}"
    return Step(name, priority, line, f"synthetic/{name}.h5", (model, *needs))


def _filter(of: str, emotion: str, priority: int, by: str = "simple", more: str = "") -> Step:
    name = f"{of}-filtered" if by == "simple" else f"{of}-by-{by}"
    chosen = "" if by == "simple" else f"--classifier {by}"
    line = f"filter {of} --emotion {emotion} {chosen} {more} --name {name}"
    return Step(name, priority, line, f"synthetic/{name}.h5", (of, by))


def _compare(name: str, priority: int, pair: str, models: Sequence[str], scale: Scale) -> Step:
    named = " ".join(f"--model {model}" for model in models)
    line = f"compare --pair {pair} {named} --judge {scale.judge[0]} {scale.compare} --name {name}"
    return Step(f"compare-{name}", priority, line, f"compare/{name}.h5", (*models, scale.judge[0]))


def _similar(name: str, priority: int, sets: tuple[str, ...], scale: Scale, *judge: str) -> Step:
    """Similarity to sources and training images; with a judge, distributions as well."""
    line = f"ssim {scale.ssim} {' '.join(f'--judge {one}' for one in judge)} --name {name}"
    return Step(f"ssim-{name}", priority, line, f"ssim/{name}.h5", ("audit", *judge), sets)


def _bench(name: str, priority: int, arms: Sequence[str], options: str, sets: tuple[str, ...] = ()) -> Step:
    """A benchmark of the classifier that ``name`` begins with."""
    classifier = name.split("-")[0]
    named = " ".join(f"--arm {arm}" for arm in arms)
    line = f"bench --classifier {classifier} {options} {named} --name {name}"
    return Step(f"bench-{name}", priority, line, f"bench/{name}.h5", ("audit",), sets, pieces=True)


MAIN: Final = ("real", "real+synthetic", "oversampled", "logit-adjusted", "reverse")
SETS: Final = tuple(f"stargan-neutral-{emotion}" for emotion in TARGETS)
FILTERED: Final = tuple(f"{name}-filtered" for name in SETS)
WEIGHTED: Final = "simple-weighted"
"""The classifier that filters disgusted faces, of which ``simple`` knows next to nothing."""


def _chosen_of(run: str) -> tuple[str, ...]:
    """The filtered sets of a run of the translator, by emotion."""
    return tuple(
        f"{run}-neutral-{emotion}-{f'by-{WEIGHTED}' if emotion == 'disgust' else 'filtered'}"
        for emotion in TARGETS
    )


BEST: Final = _chosen_of("long")
"""Of the translator that saw most faces, filtered: what other classifiers and faces from noise get."""


AGAIN: Final = ("again", "again-2")
"""Other runs of the translator of *simple-long*, which is of seed 0: from the seeds 1 and 2."""
RUNS: Final = tuple(f"simple-{run}" for run in ("long", *AGAIN))
"""The benchmarks of all of them, by the translator's seed."""
OTHERS_AGAIN: Final = tuple(f"{classifier}-{run}" for run in AGAIN for classifier in ("surreal", "vgg19"))
"""The benchmarks of other classifiers with the sets of the other runs."""
BOTH: Final = (
    *(
        f"{classifier}-both-{run}"
        for run in ("long", *AGAIN)
        for classifier in ("simple", "surreal", "vgg19")
    ),
    "simple-both-cap",
)
"""The benchmarks of oversampling with the sets of each of them; the last has few images of one."""
RESAMPLED: Final = tuple(
    f"{classifier}-resampled-{AGAIN[0]}" for classifier in ("simple", "surreal", "vgg19")
)
"""Those of real faces again in place of the translations of the second run, of each classifier."""


def _translators(scale: Scale) -> Iterator[Step]:
    yield _training("simple", 2, f"simple {scale.filter_by}")
    yield _training("stargan-all", 2, f"stargan {scale.stargan}")
    yield _training(scale.judge[0], 2, scale.judge[1])
    for emotion, name in zip(TARGETS, SETS, strict=True):
        yield _compare(name, 2, f"neutral:{emotion}", ["stargan-all"], scale)
        yield _made(name, 2, "stargan-all", f"neutral:{emotion}", scale.count)
        yield _filter(name, emotion, 2)
    yield _similar("stargan-neutral", 2, SETS, scale)


def _simple(scale: Scale) -> Iterator[Step]:
    yield _bench("simple", 3, MAIN, f"{scale.simple} {scale.repeats}", SETS)


def _side_by_side(scale: Scale) -> Iterator[Step]:
    models = ("cyclegan", "weighted", "wasserstein")
    names = [f"{model}-neutral-happy" for model in models]
    for model, name in zip(models, names, strict=True):
        own = scale.wasserstein if model == "wasserstein" else ""
        yield _training(name, 4, f"{model} --pair neutral:happy {scale.pair} {own}")
    yield _compare("translators", 4, "neutral:happy", [*names, "stargan-all"], scale)


def _ways(scale: Scale) -> Iterator[Step]:
    options = f"{scale.simple} {scale.repeats}"

    def way(name: str, more: str = "", sets: tuple[str, ...] = SETS) -> Step:
        return _bench(f"simple-{name}", 5, ["real+synthetic"], f"{options} {more}", sets)

    yield way("filtered", sets=FILTERED)
    yield way("pretrain", "--use pretrain")
    yield way("fill", "--use fill")
    yield way("cap", "--per-class-cap 1000")
    rare = ("stargan-all-disgust", "stargan-all-fear")
    for name in rare:
        yield _made(name, 5, "stargan-all", name.removeprefix("stargan-").replace("-", ":"), scale.count)
    yield way("rare", sets=rare)
    yield _training("stargan-mismatch", 5, f"stargan {scale.mismatch} --name stargan-mismatch")
    told = [f"mismatch-neutral-{emotion}" for emotion in TARGETS]
    for emotion, name in zip(TARGETS, told, strict=True):
        yield _compare(name, 5, f"neutral:{emotion}", ["stargan-mismatch", "stargan-all"], scale)
        yield _made(name, 5, "stargan-mismatch", f"neutral:{emotion}", scale.count)
        yield _filter(name, emotion, 5)
    yield way("mismatch", sets=tuple(f"{name}-filtered" for name in told))
    yield _training(WEIGHTED, 5, f"simple {scale.filter_rare_by} --class-weights --name {WEIGHTED}")
    rarest = _filter("mismatch-neutral-disgust", "disgust", 5, WEIGHTED)
    yield rarest
    yield way("disgust", sets=(rarest.name,))
    yield _training("stargan-long", 5, f"stargan {scale.long} --name stargan-long")
    for emotion in TARGETS:
        name = f"long-neutral-{emotion}"
        yield _compare(name, 5, f"neutral:{emotion}", ["stargan-long"], scale)
        yield _made(name, 5, "stargan-long", f"neutral:{emotion}", scale.count)
        yield _filter(name, emotion, 5, WEIGHTED if emotion == "disgust" else "simple")
    yield way("long", sets=BEST)
    unfiltered = tuple(f"long-neutral-{emotion}" for emotion in TARGETS)
    yield _similar("long-neutral", 5, (*unfiltered, *BEST), scale, scale.judge[0])
    yield way("few", "--ratio 0.1", BEST)
    cleaned = f"stargan --dataset artifacts/ferplus.h5 --name stargan-ferplus {scale.stargan}"
    yield _training("stargan-ferplus", 5, cleaned, ("ferplus",))
    for emotion in TARGETS:
        yield _made(f"ferplus-neutral-{emotion}", 5, "stargan-ferplus", f"neutral:{emotion}", scale.count)
    yield way("ferplus", sets=tuple(f"ferplus-neutral-{emotion}" for emotion in TARGETS))
    pairs = [f"pair-neutral-{emotion}" for emotion in TARGETS]
    for emotion, name in zip(TARGETS, pairs, strict=True):
        model = f"cyclegan-mismatch-{emotion}"
        yield _training(model, 5, f"cyclegan --pair neutral:{emotion} {scale.mismatch} --name {model}")
        yield _compare(name, 5, f"neutral:{emotion}", [model, "stargan-mismatch"], scale)
        yield _made(name, 5, model, f"neutral:{emotion}", scale.count)
        yield _filter(name, emotion, 5)
    yield way("cyclegan", sets=tuple(f"{name}-filtered" for name in pairs))


def _classifiers(scale: Scale) -> Iterator[Step]:
    if scale.wider:
        yield _bench("simple-wider", 6, MAIN, scale.wider, BEST)
    for classifier in ("vgg19", "surreal"):
        yield _bench(classifier, 6, MAIN, _repeated(scale)[classifier], BEST)
    options = f"{scale.simple} {scale.repeats}"
    yield _bench("simple-controls", 6, ["class-weighted", "mixup", "randaugment"], options)
    yield _bench("simple-synthetic", 6, ["synthetic"], options, SETS)


def _neutral(scale: Scale) -> Iterator[Step]:
    """More neutral images beside the translations of neutral faces, which take a share of its recall."""
    options = f"{scale.simple} {scale.repeats}"
    # The classifier sees traces of the translator under every label, then: they do not mean "not neutral".
    yield _made("long-all-neutral", 7, "stargan-long", "all:neutral", scale.count)
    back = _filter("long-all-neutral", "neutral", 7)
    yield back
    both = _bench("simple-neutral", 7, ["real+synthetic"], options, (*BEST, back.name))
    yield replace(both, needs=("audit", back.name))
    name = "wgan-gp-neutral"
    yield _training(name, 7, f"wgan-gp --emotion neutral {scale.noise}")
    line = f"synth --model {name} -n {scale.count} --name noise-neutral"
    yield Step("noise-neutral", 7, line, "synthetic/noise-neutral.h5", (name,))
    yield _filter("noise-neutral", "neutral", 7)
    kept = "noise-neutral-filtered"
    with_noise = _bench("simple-noise", 7, ["real+synthetic+noise"], options, (*BEST, kept))
    yield replace(with_noise, needs=("audit", kept))
    source = f"--source artifacts/synthetic/{kept}.h5"
    for emotion in TARGETS:
        yield _made(f"noise-{emotion}", 7, "stargan-long", f"neutral:{emotion}", scale.count, source, kept)
    sources = tuple(f"noise-{emotion}" for emotion in TARGETS)
    yield _bench("simple-noise-sources", 7, ["real+synthetic"], options, sources)
    yield _similar("noise", 7, ("noise-neutral", kept, *sources, back.name), scale, scale.judge[0])


def _of_tenth(scale: Scale) -> Iterator[Step]:
    """What translations add where real faces are few; everything that makes them has seen as few.

    Validation and test are whole, so that epochs are chosen, and figures read, as precisely as elsewhere.
    """
    fewer, simple, translator = "--dataset artifacts/tenth.h5", "simple-tenth", "stargan-tenth"
    yield Step("tenth", 8, "prepare fer2013.csv --train-share 0.1 --name tenth", "tenth.h5", needs=())
    needs = ("tenth",)
    yield _training(simple, 8, f"simple {scale.tenth} {fewer} --name {simple}", needs)
    yield _training(translator, 8, f"stargan {scale.long_of_tenth} {fewer} --name {translator}", needs)
    filtered = []
    for emotion in EMOTIONS:  # all others into each: a tenth of the neutral faces alone is too few
        name = f"tenth-all-{emotion}"
        yield _made(name, 8, translator, f"all:{emotion}", 2000, "--source artifacts/tenth.h5")
        filtered.append(_filter(name, emotion, 8, simple, fewer))
    yield from filtered
    arms, sets = ["real", "real+synthetic", "oversampled"], tuple(step.name for step in filtered)
    options = f"{scale.tenth} {scale.repeats} --ratio 1 {fewer}"
    yield replace(_bench(simple, 8, arms, options, sets), needs=needs)


def _again(scale: Scale) -> Iterator[Step]:
    """The sets and the benchmark of *simple-long* by other runs of its translator; all else is the same.

    Every interval takes the synthetic images as given, and all other rows have one translator's.
    """
    # As many steps as the first run came to in its budget, since other work may slow these.
    options = scale.long.replace("--budget 38m", "--steps 22787")
    for seed, run in enumerate(AGAIN, 1):
        model = f"stargan-{run}"
        yield _training(model, 9, f"stargan {options} --seed {seed} --name {model}")
        filtered = []
        for emotion in TARGETS:
            name = f"{run}-neutral-{emotion}"
            yield _compare(name, 9, f"neutral:{emotion}", [model], scale)
            yield _made(name, 9, model, f"neutral:{emotion}", scale.count)
            filtered.append(_filter(name, emotion, 9, WEIGHTED if emotion == "disgust" else "simple"))
        yield from filtered
        sets = tuple(step.name for step in filtered)
        for classifier, options in _repeated(scale).items():
            yield _bench(f"{classifier}-{run}", 9, ["real+synthetic"], options, sets)


def _repeated(scale: Scale) -> dict[str, str]:
    """How each classifier is trained, and how often, by its name."""
    return {
        "simple": f"{scale.simple} {scale.repeats}",
        "surreal": f"{scale.surreal} {scale.repeats}",
        "vgg19": f"{scale.vgg19} {scale.vgg19_repeats}",
    }


def _both(scale: Scale) -> Iterator[Step]:
    """Oversampling with the sets of each run of the translator; without them it is in section 3."""
    options = _repeated(scale)
    for name in BOTH:
        classifier, _, run = name.split("-", 2)
        # No more translations of an emotion than there are disgusted faces, for else those are rarely drawn.
        more, sets = (" --per-class-cap 436", AGAIN[0]) if run == "cap" else ("", run)
        yield _bench(name, 10, ["oversampled+synthetic"], options[classifier] + more, _chosen_of(sets))


def _resampled(scale: Scale) -> Iterator[Step]:
    """As many real faces again, by emotion, as the second run has translations; see ``feraug bench``.

    The other control, ``logit-adjusted``, is an arm of the benchmarks with real faces alone.
    """
    options = _repeated(scale)
    for name in RESAMPLED:
        classifier = name.split("-")[0]
        yield _bench(name, 11, ["real+resampled"], options[classifier], _chosen_of(AGAIN[0]))

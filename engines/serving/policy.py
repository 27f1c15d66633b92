"""How Triton batches, queues and refuses; the numbers are measured, with the figures beside them."""

from __future__ import annotations

from dataclasses import dataclass

from tutor import timebase

NORMAL, PEAK, EXTREME = "normal", "peak", "extreme"
TIERS = (NORMAL, PEAK, EXTREME)
ACOUSTIC, SCORER = "acoustic", "scorer"
STATUS = "tutor_status"
"""Name of the served model that says which tier is on."""

MOST_PHONES = 400
"""Phones in one piece of speech; 15 s hold about 200."""

SECOND = timebase.SAMPLE_RATE


@dataclass(frozen=True)
class Batching:
    """How one served graph merges requests.

    max_batch, preferred: rows Triton merges. queue_delay_us: how long it waits for company. max_queue:
    requests that may wait before the next is refused. timeout_us: longest wait before a refusal.
    rows_at_once: rows computed together (0: all). fixed: pad every batch to ``max_batch`` rows. step: lengths
    are padded to a multiple of it
    (samples, or phones for the scorer). instances, threads: processes and threads in each.
    """

    max_batch: int
    preferred: tuple[int, ...]
    queue_delay_us: int
    max_queue: int
    timeout_us: int
    rows_at_once: int = 0
    fixed: bool = False
    step: int = timebase.FRAME_SAMPLES
    instances: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Policy:
    """Batching of each served graph on one kind of machine; ``why``: the figures behind it, for
    config.pbtxt.
    """

    normal: Batching
    peak: Batching
    scorer: Batching
    why: str = ""


_CPU_FIGURES = (
    "Two cores, light model, sixteen learners who never pause, takes a second: one by one 48, batches of "
    "four in twos 65, of sixteen 48-54, a process a core 78 (python -m engines.serving.bench)."
)
_GPU_FIGURES = "Not measured here: start values from the queue of at most 100 ms that the method's source names."


def cpu_policy(cores: int) -> Policy:
    """For ONNX Runtime on ``cores`` CPU cores.

    Small batches pay a little on a CPU (see ``why``), large ones do not: nobody waits for company, and what
    waited anyway runs in twos, where little is computed for padding. All threads serve one process, which a
    single take gains from; a process a core would answer a full house sooner. A take that has waited 1.5 s is refused
    by the main model and goes to the light one, which is still in time.
    """
    threads = max(1, cores)
    return Policy(
        normal=Batching(4, (), 0, 64, 1_500_000, rows_at_once=2, threads=threads),
        peak=Batching(4, (4,), 50_000, 64, 1_500_000, fixed=True, step=SECOND, threads=threads),
        scorer=Batching(32, (), 0, 256, 3_000_000, step=8, threads=1),
        why=_CPU_FIGURES,
    )


def gpu_policy() -> Policy:
    """For a Triton with a GPU; lengths in steps of a second, so that requests of one step merge."""
    return Policy(
        normal=Batching(32, (16, 32), 20_000, 512, 2_000_000, step=SECOND),
        peak=Batching(32, (32,), 100_000, 512, 2_000_000, fixed=True, step=5 * SECOND),
        scorer=Batching(64, (), 2_000, 1024, 2_000_000, step=32),
        why=_GPU_FIGURES,
    )


def served_name(model: str, role: str, tier: str = NORMAL) -> str:
    """``main_acoustic``, ``main_acoustic_peak``, ``main_scorer``."""
    return f"{model}_{role}_peak" if tier == PEAK and role == ACOUSTIC else f"{model}_{role}"


@dataclass(frozen=True)
class Route:
    """Where a take goes: the served acoustic graph, its scorer, the tier, and whether the light model stands
    in.
    """

    tier: str
    acoustic: str
    scorer: str
    quick: bool = False


def routes(models: tuple[str, ...]) -> tuple[Route, ...]:
    """One route per tier; ``models`` from the best to the lightest. Extreme is the lightest model."""
    best, light = models[0], models[-1]
    return (
        Route(NORMAL, served_name(best, ACOUSTIC), served_name(best, SCORER)),
        Route(PEAK, served_name(best, ACOUSTIC, PEAK), served_name(best, SCORER)),
        Route(
            EXTREME,
            served_name(light, ACOUSTIC, NORMAL if light != best else PEAK),
            served_name(light, SCORER),
            quick=light != best,
        ),
    )

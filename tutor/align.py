"""Where each expected phone was said: Viterbi over silence, words in all their pronunciations, and extra speech.

The graph is a line of word boundaries. From a boundary the path may read the next word (in any pronunciation), rest in
silence, pass through speech that is not in the text, or skip a word; the last two cost enough that only a clear case
pays. Emissions are the frame head's log posteriors (Viterbi 1967; layout after Moreno et al. 1998, garbage arcs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutor.acoustic import Floats, Ints
from tutor.phones import BLANK, CLASS_COUNT, class_of

SKIP_PHONE_COST = 4.0
"""Natural-log cost of leaving out a word, for each of its phones: what a phone that was not said costs to force in."""

EXTRA_COST = 22.0
EXTRA_FRAME_COST = 0.8
"""Cost of beginning speech that is not in the text, and of each of its frames against the best phone there."""

_FLOOR = -12.0
_NEVER = -1e30


@dataclass(frozen=True)
class AlignedWord:
    """One expected word: the ``variant`` that fits, and frames [starts[i], ends[i]) of its phones.

    A skipped word has ``said`` False and its phones share one frame at the place where it is missing.
    """

    variant: int
    starts: Ints
    ends: Ints
    said: bool


@dataclass(frozen=True)
class ExtraSpeech:
    """Frames [start, end) of speech that is not in the text, before expected word ``before``."""

    before: int
    start: int
    end: int


@dataclass(frozen=True)
class Alignment:
    """``words`` are the first words of the text up to where the path ended; ``score`` its mean log posterior a frame."""

    words: tuple[AlignedWord, ...]
    extra: tuple[ExtraSpeech, ...]
    score: float


def align(
    frame_log_posteriors: Floats,
    words: Sequence[Sequence[Sequence[str]]],
    *,
    whole: bool = True,
    strict: bool = False,
) -> Alignment:
    """Best path through ``words`` (each a choice of pronunciations, ARPAbet) over float32 (T, 40) log posteriors.

    whole: the path must reach the end of the text; else it stops where the frames end, for the next piece to go on.
    strict: every word is taken as said and nothing else as said (skips and extra speech only where frames run out).
    """
    graph = _Graph(words)
    emissions = np.maximum(frame_log_posteriors, _FLOOR)
    garbage = emissions[:, 1:].max(axis=1) - EXTRA_FRAME_COST
    table = np.concatenate([emissions, garbage[:, None]], axis=1)[:, graph.labels].astype(np.float64)  # (T, S)
    extra_cost = -_NEVER if strict else EXTRA_COST
    skips = np.full(len(words), 1e6) if strict else SKIP_PHONE_COST * graph.shortest
    ramp = np.concatenate([[0.0], np.cumsum(skips)])
    (frames, states), boundaries = table.shape, graph.boundary_count
    moved = np.empty((frames, states), dtype=bool)
    ends = np.empty((frames, len(graph.last_states)))
    raw, lifted, highest = np.empty((3, frames, boundaries))
    # One vector of all a state can be reached from: the states, the boundaries, and the boundaries by way of extra speech.
    reached = np.full(states + 2 * boundaries, _NEVER)
    score, boundary, beside = np.split(reached, [states, states + boundaries])
    # Before the first frame, boundary b is reached by skipping b words.
    np.negative(ramp, out=boundary)
    np.subtract(boundary, extra_cost, out=beside)
    ahead = np.empty(states)
    # A dozen short numpy calls a frame are what this costs: each writes into memory that is already there.
    for emitted, step, at_ends, best, high, top in zip(table, moved, ends, raw, lifted, highest, strict=True):
        reached.take(graph.sources, out=ahead, mode="clip")
        np.greater(ahead, score, out=step)
        np.maximum(ahead, score, out=score)
        np.add(score, emitted, out=score)
        score.take(graph.last_states, out=at_ends, mode="clip")
        np.maximum.reduceat(at_ends, graph.last_groups, out=best)
        np.add(best, ramp, out=high)
        np.maximum.accumulate(high, out=top)
        np.subtract(top, ramp, out=boundary)
        np.subtract(boundary, extra_cost, out=beside)
    # Within a group the first best state is the winner.
    places = np.where(ends == np.repeat(raw, graph.group_sizes, axis=1), np.arange(ends.shape[1]), ends.shape[1])
    winners = graph.last_states[np.minimum.reduceat(places, graph.last_groups, axis=1)]
    came_from = np.where(lifted >= highest, winners, -1).astype(np.int32)
    goal = boundaries - 1 if whole else int(np.argmax(boundary))
    return _traced(graph, moved, came_from, goal, float(boundary[goal]) / frames, frames)


class _Graph:
    """States of all words' pronunciations, one silence and one extra-speech state a boundary, side by side."""

    def __init__(self, words: Sequence[Sequence[Sequence[str]]]) -> None:
        labels: list[int] = []
        first: list[bool] = []
        entry: list[int] = []
        exits: dict[int, list[int]] = {boundary: [] for boundary in range(len(words) + 1)}
        self.chains: list[tuple[int, int, int]] = []
        self.chain_of: list[int] = []
        self.place: list[int] = []

        def chain(classes: Sequence[int], start: int, end: int, word: int, variant: int) -> None:
            for position, label in enumerate(classes):
                labels.append(label)
                first.append(position == 0)
                entry.append(start)
                self.chain_of.append(len(self.chains))
                self.place.append(position)
            exits[end].append(len(labels) - 1)
            self.chains.append((word, variant, len(classes)))

        extra = CLASS_COUNT
        for boundary in range(len(words) + 1):
            chain([BLANK], boundary, boundary, -1, 0)
            chain([extra], boundary, boundary, -2, boundary)
            if boundary < len(words):
                for variant, phones in enumerate(words[boundary]):
                    chain([class_of(phone) for phone in phones], boundary, boundary + 1, boundary, variant)
        self.labels = np.array(labels)
        self.entry = np.array(entry)
        self.boundary_count = len(words) + 1
        doors = len(labels) + self.entry + np.where(self.labels == extra, self.boundary_count, 0)
        self.sources = np.where(first, doors, np.arange(len(labels)) - 1)
        self.last_states = np.concatenate([exits[b] for b in range(self.boundary_count)])
        self.group_sizes = np.array([len(exits[b]) for b in range(self.boundary_count)])
        self.last_groups = np.concatenate([[0], np.cumsum(self.group_sizes)[:-1]])
        self.phone_counts = [len(word[0]) for word in words]
        self.shortest = np.array([min(len(phones) for phones in word) for word in words])


def _traced(graph: _Graph, moved: NDArray[np.bool_], came_from: Ints, goal: int, score: float, frames: int) -> Alignment:
    said: dict[int, AlignedWord] = {}
    extra: list[ExtraSpeech] = []
    skipped: dict[int, int] = {}
    boundary, t = goal, frames - 1
    while t >= 0:
        while boundary > 0 and came_from[t, boundary] < 0:
            boundary -= 1
            skipped[boundary] = t + 1
        state = int(came_from[t, boundary])
        word, variant, length = graph.chains[graph.chain_of[state]]
        ends = np.zeros(length, dtype=np.int32)
        starts = np.zeros(length, dtype=np.int32)
        place = length - 1
        ends[place] = t + 1
        while True:
            while not moved[t, state]:
                t -= 1
            starts[place] = t
            t -= 1
            if place == 0:
                break
            place -= 1
            state -= 1
            ends[place] = t + 1
        if word >= 0:
            said[word] = AlignedWord(variant, starts, ends, True)
        elif word == -2:
            extra.append(ExtraSpeech(boundary, int(starts[0]), int(ends[0])))
        boundary = int(graph.entry[state])
    for word in range(boundary):
        skipped[word] = 0
    result = []
    for word in range(goal):
        if word in said:
            result.append(said[word])
            continue
        at = min(skipped.get(word, 0), frames - 1)
        count = graph.phone_counts[word]
        result.append(AlignedWord(0, np.full(count, at, dtype=np.int32), np.full(count, at + 1, dtype=np.int32), False))
    return Alignment(tuple(result), tuple(reversed(extra)), score)

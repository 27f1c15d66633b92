"""The reference voice in the window: shipped readings of lesson items, synthesis for everything else."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from tutor.decode import resample
from tutor.prosody import PitchTrack, align_contours, pitch_track
from tutor.reference import Spoken, WordTime, has_reference, reference
from tutor.result import INSERTED, OMITTED, REPEATED, WordResult
from tutor.speak import speak
from ui.desktop.job import Jobs
from ui.desktop.scorer import Scorer
from ui.desktop.speaker import Speaker

KEPT = 24


@dataclass(frozen=True)
class Wanted:
    """A reading: the lesson ``item`` where there is one (its shipped reading), else ``text`` spoken by
    ``voice`` (empty: the best there is)."""

    text: str
    item: str
    slow: bool
    voice: str

    @property
    def speed(self) -> str:
        return "slow" if self.slow else "normal"


class Reference(QObject):
    """Fetches readings on the worker ``voice`` and plays them; ``playing`` names the one, ``failed`` brings
    errors."""

    failed = Signal(object)
    playing = Signal(object)

    def __init__(self, jobs: Jobs, speaker: Speaker, scorer: Scorer) -> None:
        super().__init__()
        self._jobs, self._speaker, self._scorer = jobs, speaker, scorer
        self._kept: OrderedDict[Wanted, Spoken] = OrderedDict()
        self._latest: Wanted | None = None

    def play(self, wanted: Wanted, word: str = "", occurrence: int = 0) -> None:
        """Play a reading, or the word that stands ``occurrence`` places after the first of its kind in it."""
        self._latest = wanted

        def done(spoken: Spoken) -> None:
            if self._latest is wanted:
                start_s, end_s = part_of(spoken, word, occurrence) if word else (0.0, None)
                self._speaker.play(spoken.samples, spoken.rate_hz, start_s, end_s)
                self.playing.emit(spoken)

        self.fetch(wanted, done, need_words=bool(word))

    def fetch(
        self, wanted: Wanted, done: Callable[[Spoken], None], *, need_words: bool = False, quiet: bool = False
    ) -> None:
        """Get a reading; ``need_words``: with word times, found by aligning it where they are not shipped."""

        def fetched(spoken: Spoken) -> None:
            self._keep(wanted, spoken)
            if need_words and not spoken.words:
                self._scorer.words_of(
                    (spoken.samples, spoken.rate_hz),
                    wanted.text,
                    lambda words: timed(words, spoken),
                    self._fail(quiet),
                )
            else:
                done(spoken)

        def timed(words: tuple[WordResult, ...], spoken: Spoken) -> None:
            times = tuple(
                WordTime(word.text, word.start, word.end) for word in words if word.end > word.start
            )
            complete = replace(spoken, words=times)
            self._keep(wanted, complete)
            done(complete)

        if wanted in self._kept:
            fetched(self._kept[wanted])
        else:
            self._jobs.submit("voice", lambda: read(wanted), fetched, self._fail(quiet))

    def _fail(self, quiet: bool) -> Callable[[BaseException], None]:
        return (lambda error: None) if quiet else self.failed.emit

    def _keep(self, wanted: Wanted, spoken: Spoken) -> None:
        self._kept[wanted] = spoken
        self._kept.move_to_end(wanted)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def read(wanted: Wanted) -> Spoken:
    """The reading itself; see ``reference.reference`` and ``speak.speak`` for what they raise."""
    if wanted.item and not wanted.voice and has_reference(wanted.item):
        return reference(wanted.item, wanted.speed)
    return speak(wanted.text, wanted.speed, voice=wanted.voice or None)


def part_of(spoken: Spoken, word: str, occurrence: int) -> tuple[float, float | None]:
    """Start and end in seconds of a word of a reading; all of it where the word is not found."""
    found = [time for time in spoken.words if time.text.lower() == word.lower()]
    if not found:
        return 0.0, None
    time = found[min(occurrence, len(found) - 1)]
    return max(0.0, time.start_s - 0.02), time.end_s + 0.04


def contour_of(spoken: Spoken, words: tuple[WordResult, ...]) -> PitchTrack:
    """The reading's pitch, its words stretched onto the learner's."""
    track = pitch_track(resample(spoken.samples, spoken.rate_hz).samples)
    own = [(word.start, word.end) for word in words if word.status not in (INSERTED, REPEATED)]
    read_words = [(word.start_s, word.end_s) for word in spoken.words]
    if len(own) != len(read_words):
        # The reading counts its words otherwise ("20" or "twenty"): stretch the whole.
        said = [word for word in words if word.status != OMITTED and word.end > word.start]
        if not said or not spoken.words:
            return track
        own, read_words = [(said[0].start, said[-1].end)], [(spoken.words[0].start_s, spoken.words[-1].end_s)]
    return align_contours(track, read_words, own)

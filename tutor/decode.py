"""Sound files and streams to 16 kHz mono, block by block, so that no length fills the memory."""

from __future__ import annotations

import io
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tutor.errors import AudioError, Message
from tutor.timebase import SAMPLE_RATE

Floats = NDArray[np.float32]

MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 768_000
FORMATS = "wav, flac, ogg/opus or mp3"
# Samples as integers in a float file reach 2^31; anything beyond was never sound.
_ABSURD = 2.0**32
# Of libsndfile's messages these say something to a user.
_TELLING = (
    "Format not",
    "Error in",
    "Supported file",
    "File contains",
    "flac decoder",
    "Channel count",
    "Too many",
)
_BLOCK_SAMPLES = 1 << 17
_MAX_STREAM_BYTES = 2 << 30
# Writers that cannot seek back leave one of these as the length of a wav file.
_OPEN_LENGTHS = (0, 0x7FFFFFFF, 0xFFFFFFFF)


@dataclass(frozen=True)
class Decoded:
    """``samples``: float32 (n,), 16 kHz mono, mean 0, within ±1; ``clipped``: share (0–1) of samples at
    full scale; ``power``: mean square of the source, its mean removed, over all frequencies."""

    samples: Floats
    clipped: float
    power: float


def decode(source: Path | BinaryIO, max_s: float) -> Decoded:
    """Read a file, or a stream from where it stands (a pipe is spooled to disk first).

    Raises ``AudioError`` for whatever is missing, is not sound, is cut short or lasts longer than ``max_s``.
    """
    if isinstance(source, Path):
        with _open(source) as stream:
            return _decode_stream(stream, source.name, max_s, source)
    name = Message("The audio stream")
    if _seekable(source):
        return _decode_stream(source, name, max_s)
    with tempfile.TemporaryFile() as spool:
        _spool(source, spool)
        return _decode_stream(spool, name, max_s)


def resample(samples: NDArray[Any], rate_hz: int) -> Decoded:
    """The same for samples in memory: (n,) or (n, channels), floats within ±1 or integers of any width.

    Raises ``AudioError`` for an unusable rate, shape or value.
    """
    _check_rate(rate_hz, Message("The recording"))
    if samples.ndim not in (1, 2):
        raise AudioError(
            "Samples came with {dimensions} dimensions; (samples,) or (samples, channels) was expected.",
            dimensions=samples.ndim,
        )
    if samples.dtype.kind in "iu":
        half = 2.0 ** (8 * samples.dtype.itemsize - 1)
        floats = (samples.astype(np.float64) / half - (samples.dtype.kind == "u")).astype(np.float32)
    elif samples.dtype.kind == "f":
        _check_finite(samples, Message("The recording"))
        floats = np.clip(samples, -2 * _ABSURD, 2 * _ABSURD).astype(np.float32)
    else:
        raise AudioError(
            "Samples of type {kind} are not sound; floats or integers were expected.",
            kind=samples.dtype,
        )
    table = floats if floats.ndim == 2 else floats[:, None]  # (samples, channels)
    if not table.size:
        raise AudioError("The recording holds no samples; record it again.")
    blocks = (table[start : start + _BLOCK_SAMPLES] for start in range(0, len(table), _BLOCK_SAMPLES))
    return _collect(blocks, rate_hz, Message("The recording"), None)


class Resampler:
    """A stream of mono blocks at ``rate_hz`` to 16 kHz; its filter holds back some 10 ms until ``flush``.

    Raises ``AudioError`` for a rate outside 4 to 768 kHz.
    """

    def __init__(self, rate_hz: int) -> None:
        import soxr

        _check_rate(rate_hz, Message("The recording"))
        self._stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def feed(self, samples: Floats) -> Floats:
        """The samples that are ready after float32 (n,) more."""
        return np.asarray(self._stream.resample_chunk(samples), np.float32)

    def flush(self) -> Floats:
        """The rest; the resampler is not used again."""
        return np.asarray(self._stream.resample_chunk(np.zeros(0, np.float32), last=True), np.float32)


def _open(path: Path) -> BinaryIO:
    try:
        # Opening a named pipe would wait for its writer, so look before.
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise AudioError("{path} is a folder; give a {formats} file.", path=path, formats=FORMATS)
        if not stat.S_ISREG(mode):
            raise AudioError(
                "{path} is not a regular file; pipe the sound in with '-' instead.",
                path=path,
            )
        return path.open("rb")
    except FileNotFoundError as error:
        raise AudioError("{path} does not exist; check the path.", path=path) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(
            "{path!r} cannot be read ({reason}); check the path and its permissions.",
            path=str(path),
            reason=reason,
        ) from error


def _seekable(stream: BinaryIO) -> bool:
    try:
        return stream.seekable()
    except (AttributeError, ValueError):
        return False


def _spool(source: BinaryIO, spool: IO[bytes]) -> None:
    size = 0
    while block := source.read(1 << 20):
        size += len(block)
        if size > _MAX_STREAM_BYTES:
            raise AudioError("The audio stream passed 2 GiB without an end; give a shorter recording.")
        spool.write(block)
    spool.seek(0)


def _decode_stream(stream: IO[bytes], name: str, max_s: float, path: Path | None = None) -> Decoded:
    """``path`` where the stream is a file from its start: libsndfile reads that itself, twice as fast."""
    import soundfile

    start = stream.tell()
    head = stream.read(4096)
    if not head:
        raise AudioError("{name} is empty (0 bytes); record it again.", name=name)
    promised = missing_bytes(head, _size(stream) - start)
    if promised:
        raise AudioError(
            "{name} is cut short ({promised} bytes are missing at its end); copy or record it again.",
            name=name,
            promised=promised,
        )
    stream.seek(start)
    try:
        with _quiet(head), soundfile.SoundFile(path or _Tame(stream)) as sound:
            rate_hz = int(sound.samplerate)
            _check_rate(rate_hz, name)
            # Streamed flac files do not say how long they are.
            known = 0 <= sound.frames < 2**48
            if known and sound.frames > max_s * rate_hz:
                raise _too_long(name, sound.frames / rate_hz, max_s)
            decoded = _collect(_blocks(sound), rate_hz, name, max_s, sound.frames if known else 0)
        return decoded
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError, OSError) as error:
        raise AudioError(
            "{name} is not sound that can be read ({reason}); give a {formats} file.",
            name=name,
            reason=_reason(head, error),
            formats=FORMATS,
        ) from error


class _Tame:
    """A stream that stops at its start; libsndfile's callbacks print a traceback when sent before it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._stream.tell()}.get(whence)
        if origin is None:
            origin = _size(self._stream)
        return self._stream.seek(max(0, origin + offset))


_STDERR = threading.Lock()


@contextmanager
def _quiet(head: bytes) -> Iterator[None]:
    """Keep stderr silent while an mp3 is read: libmpg123 reports damage there, line after line."""
    if head[:4] in (b"RIFF", b"fLaC", b"OggS"):
        yield
        return
    with _STDERR:
        try:
            saved = os.dup(2)
        except OSError:
            # A windowed program may have no stderr at all.
            yield
            return
        try:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _blocks(sound: Any) -> Iterator[Floats]:
    frames = max(1, _BLOCK_SAMPLES // sound.channels)
    while len(block := sound.read(frames, dtype="float32", always_2d=True)):
        yield block


def _collect(
    blocks: Iterator[Floats], rate_hz: int, name: str, max_s: float | None, expected_frames: int = 0
) -> Decoded:
    resampler = None if rate_hz == SAMPLE_RATE else Resampler(rate_hz)
    parts: list[Floats] = []
    frames = at_limit = values = 0
    total = square = 0.0
    for block in blocks:
        loudness = np.abs(block)
        peak = float(loudness.max(initial=0))
        # NaN is passed on by max, so that one look finds both.
        if not np.isfinite(peak):
            _check_finite(block, name)
        if peak > _ABSURD:
            raise AudioError(
                "{name} holds samples up to {peak:.0e}, which is no sound; export it again.",
                name=name,
                peak=peak,
            )
        frames += len(block)
        if max_s is not None and frames > max_s * rate_hz:
            raise _too_long(name, frames / rate_hz, max_s)
        values += block.size
        at_limit += int(np.count_nonzero(loudness >= 0.99))
        mono = block.astype(np.float64)[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float64)
        total += float(mono.sum())
        square += float(np.square(mono).sum())
        heard = mono.astype(np.float32)
        parts.append(heard if resampler is None else resampler.feed(heard))
    if not frames:
        raise AudioError("{name} holds no samples; record it again.", name=name)
    if frames < 0.98 * expected_frames:
        raise AudioError(
            "{name} is cut short ({seconds:.1f} of {expected_s:.1f} s can be read); copy or record it again.",
            name=name,
            seconds=frames / rate_hz,
            expected_s=expected_frames / rate_hz,
        )
    if resampler is not None:
        parts.append(resampler.flush())
    samples = np.concatenate(parts)
    samples -= np.float32(samples.mean(dtype=np.float64))
    power = max(0.0, square / frames - (total / frames) ** 2)
    peak = float(np.abs(samples).max(initial=0))
    if peak <= 1:
        return Decoded(samples, at_limit / values, power)
    # Far above full scale are integers stored as floats, which did not clip.
    return Decoded(samples / np.float32(peak), at_limit / values if peak < 2 else 0.0, power / peak**2)


def _check_finite(samples: NDArray[Any], name: str) -> None:
    if not np.isfinite(samples).all():
        raise AudioError(
            "{name} holds samples that are not numbers (NaN or infinite); export it again.",
            name=name,
        )


def _check_rate(rate_hz: float, name: str) -> None:
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise AudioError(
            "{name} has {rate_hz} samples a second; {least} to {most} are understood.",
            name=name,
            rate_hz=rate_hz,
            least=MIN_RATE_HZ,
            most=MAX_RATE_HZ,
        )


def _too_long(name: str, duration_s: float, max_s: float) -> AudioError:
    return AudioError(
        "{name} lasts {minutes:.1f} min or more; at most {most:g} min can be scored, so cut it first.",
        name=name,
        minutes=duration_s / 60,
        most=max_s / 60,
    )


def _size(stream: IO[bytes]) -> int:
    return stream.seek(0, io.SEEK_END)


def missing_bytes(head: bytes, size: int) -> int:
    """Bytes that a wav header promises and the file does not hold; 0 for other formats."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    at = 12
    while at + 8 <= len(head):
        length = int.from_bytes(head[at + 4 : at + 8], "little")
        if head[at : at + 4] == b"data":
            is_open = length in _OPEN_LENGTHS or length > 0x7FFFF000
            return 0 if is_open else max(0, at + 8 + length - size)
        at += 8 + length + length % 2
    return 0


def _reason(head: bytes, error: Exception) -> str:
    printable = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    if printable > 0.95 * len(head):
        return Message("it holds text")
    reason = str(error).rsplit(": ", 1)[-1].strip().rstrip(".")
    return reason if reason.startswith(_TELLING) else Message("its header is damaged")

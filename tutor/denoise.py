"""Optional noise reduction: WebRTC's spectral suppressor, which has no trained weights (extra ``denoise``).

It is off by default; README tells what it does to scores on noisy speech.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tutor.errors import InstallError
from tutor.voice import HOP_SAMPLES

Floats = NDArray[np.float32]

STRENGTHS = (1, 2, 3, 4)
_WARM_UP_HOPS = 200
# Measured: output lags input by 6 ms.
_DELAY_SAMPLES = 96


def denoise(samples: Floats, strength: int = 2) -> Floats:
    """Samples with steady noise lowered, float32 (n,), 16 kHz mono, in step with the input.

    ``strength`` 1 (mild) to 4. Raises ``InstallError`` where the package is missing.
    """
    if strength not in STRENGTHS:
        raise ValueError(f"strength {strength} is not one of {STRENGTHS}")
    try:
        from webrtc_noise_gain import AudioProcessor
    except ImportError as error:
        raise InstallError(
            "Noise reduction needs a further package: pip install 'tutor[denoise]'."
        ) from error
    processor = AudioProcessor(0, strength)
    count = len(samples)
    # The suppressor learns the noise as it goes; the start played backwards teaches it beforehand.
    hops = -(-(count + _DELAY_SAMPLES) // HOP_SAMPLES)
    padded = np.pad(samples, (0, hops * HOP_SAMPLES - count))
    lead = padded[: _WARM_UP_HOPS * HOP_SAMPLES][::-1]
    whole = np.clip(np.concatenate([lead, padded]) * 32767, -32768, 32767).astype("<i2").tobytes()
    width = 2 * HOP_SAMPLES
    cleaned = b"".join(
        processor.Process10ms(whole[at : at + width]).audio for at in range(0, len(whole), width)
    )
    result = np.frombuffer(cleaned, "<i2").astype(np.float32) / np.float32(32767)
    start = len(lead) + _DELAY_SAMPLES
    return result[start : start + count]

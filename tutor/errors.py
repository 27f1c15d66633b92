"""Everything that can go wrong, as one tree; each message is one line: what happened, what was expected, what
to do.

TutorError
├── InputError            the user's input; exit code 2
│   ├── AudioError        unreadable, empty, silent or unusable sound
│   ├── TextError         no words, too long, another script
│   ├── CorpusError       folders, label files and lexicons
│   └── DeviceError       microphone or loudspeaker
├── InstallError          a part or file of the installation; exit code 3
│   └── ModelError        model missing, damaged, of another version
├── EngineError           an inference backend failed at run time; the next one down takes over
│   ├── DeviceLost        the accelerator went away or refuses all work
│   └── OutOfMemory       the accelerator's memory is full
├── OutputError           results cannot be written (disk full, read-only folder)
└── Cancelled             the user stopped the work; nothing is wrong
"""

from __future__ import annotations


class TutorError(Exception):
    """Root of all expected failures."""

    exit_code = 1


class InputError(TutorError):
    """The user's input cannot be used; exit code 2."""

    exit_code = 2


class AudioError(InputError):
    """A recording that cannot be read or scored."""


class TextError(InputError):
    """A text that cannot be read aloud or looked up."""


class CorpusError(InputError):
    """A corpus, label file, lexicon or project that does not have the agreed form."""


class DeviceError(InputError):
    """A microphone or loudspeaker that is missing, busy or lost."""


class InstallError(TutorError):
    """A part of the installation is missing or broken; exit code 3."""

    exit_code = 3


class ModelError(InstallError):
    """A model file that is missing, damaged or made for another version."""


class EngineError(TutorError):
    """An inference backend failed at run time."""


class DeviceLost(EngineError):
    """The accelerator went away or refuses all work."""


class OutOfMemory(EngineError):
    """The accelerator has too little free memory."""


class OutputError(TutorError):
    """Results cannot be written: the disk is full or the folder is read-only."""


class Cancelled(TutorError):
    """The user stopped the work."""

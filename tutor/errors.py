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

from numbers import Real


class Message(str):
    """A finished English line that still knows its template and what was filled in, so that a window can say it in
    another language.

    ``values`` are numbers and texts; a text may be a ``Message`` itself. Copies made by ``str`` know the line alone.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> Message:
        kept = {name: _plain(value) for name, value in values.items()}
        made = super().__new__(cls, template.format(**kept) if kept else template)
        made.template, made.values = template, kept
        return made


def _plain(value: object) -> object:
    if isinstance(value, TutorError):
        return value.message
    return value if isinstance(value, (str, Real)) else str(value)


class TutorError(Exception):
    """Root of all expected failures; made of a template and the values of its ``{fields}``."""

    exit_code = 1

    def __init__(self, template: str = "", /, **values: object) -> None:
        super().__init__(template if isinstance(template, Message) else Message(template, **values))

    @property
    def message(self) -> Message:
        """The line, which ``str`` gives too."""
        message: Message = self.args[0]
        return message


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
    """The user stopped the work; exit code 130, as after Ctrl-C anywhere else."""

    exit_code = 130

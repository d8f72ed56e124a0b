# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The error tree: what callers may expect to catch.

An error says in one line what was wrong, where, and what is allowed, and survives pickling, since work
is done in several processes. Errors about a choice, a file, a path or a voice carry it as an attribute;
the others carry only their ``message``. A programming mistake (a wrong index, a wrong type) stays a
built-in error. No error ever carries a personal value: it may name a row, an id or a key, never a
person, a fiscal code or an IBAN. Messages are read by the staff and are therefore in Italian; a
parser's own words are quoted unchanged.

    VideoGuideError
    ├── InputError            what a person typed or sent is not acceptable; the command line exits with 2
    │   ├── UnknownChoice     a word outside the list of allowed ones: what, given, allowed
    │   └── FirstNameError    a first name that cannot be spoken or drawn: reason
    ├── PackError             a campaign pack is wrong: file, where, reason
    │   └── TextOverflow      words that do not fit their box
    ├── Busy                  another run or a change of the pack is in the way; the command line exits with 75
    ├── VoiceError            a voice cannot speak, here or now: voice, reason
    ├── EncodingError         the codec failed, or its output cannot be joined
    ├── StoreError            a stored piece, a folder or a database cannot be read or written: path, reason
    ├── SegmentMismatch       segments of different profiles in one guide
    └── KeyMismatch           a worker and the run it works for compute different keys for a segment
"""

import errno
from collections.abc import Iterable
from pathlib import Path


class VideoGuideError(Exception):
    """The base of all errors of this package."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class InputError(VideoGuideError):
    """What a person typed or sent is not acceptable."""


class UnknownChoice(InputError):
    """A word that is not among the allowed ones, such as the id of a voice or a case."""

    def __init__(self, what: str, given: str, allowed: Iterable[str]) -> None:
        self.what, self.given, self.allowed = what, given, tuple(allowed)
        shown = given if len(given) <= 40 else given[:39] + "…"
        super().__init__(f"valore sconosciuto per {what}: {shown!r}; ammessi: {', '.join(self.allowed) or 'nessuno'}")

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...]]]:
        return type(self), (self.what, self.given, self.allowed)


class FirstNameError(InputError):
    """A first name that cannot be used; ``reason`` never repeats the name."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"nome: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return type(self), (self.reason,)


class PackError(VideoGuideError):
    """A campaign pack is wrong: the file, the place in it, and the reason, with what is allowed."""

    def __init__(self, file: Path | str, reason: str, *, where: str = "") -> None:
        self.file, self.reason, self.where = str(file), reason, where
        super().__init__(f"{file}{f' ({where})' if where else ''}: {reason}")

    def __reduce__(self) -> tuple[object, ...]:
        return _pack_error, (type(self), self.file, self.reason, self.where)


def _pack_error(kind: type[PackError], file: str, reason: str, where: str) -> PackError:
    return kind(file, reason, where=where)


class TextOverflow(PackError):
    """Words that do not fit the box the scene gives them."""


class Busy(VideoGuideError):
    """Another run is at work, or the pack has just changed: nothing is wrong, and trying again later will succeed."""


class VoiceError(VideoGuideError):
    """A voice cannot speak: not installed, no network, not allowed by the campaign."""

    def __init__(self, voice: str, reason: str) -> None:
        self.voice, self.reason = voice, reason
        super().__init__(f"voce {voice}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.voice, self.reason)


class EncodingError(VideoGuideError):
    """The codec failed, or its output cannot be joined."""


class StoreError(VideoGuideError):
    """A stored piece, a folder or a database is missing, damaged or cannot be read or written."""

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path, self.reason = str(path), reason
        super().__init__(f"{path}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.path, self.reason)


class SegmentMismatch(VideoGuideError):
    """Segments with different codec headers cannot share one guide."""


class KeyMismatch(VideoGuideError):
    """A worker and the run it works for compute different keys for a scene: their versions differ."""


def system_reason(error: OSError) -> str:
    """Why the operating system refused: the usual reasons in Italian, others in its own words."""
    return _SYSTEM_REASONS.get(error.errno or 0) or error.strerror or str(error)


_SYSTEM_REASONS = {
    errno.ENOENT: "il file o la cartella non esiste",
    errno.EACCES: "permesso negato",
    errno.EPERM: "permesso negato",
    errno.EEXIST: "esiste già",
    errno.ENOTDIR: "una parte del percorso non è una cartella",
    errno.EISDIR: "è una cartella",
    errno.ENOSPC: "lo spazio sul disco è finito",
    errno.EDQUOT: "lo spazio sul disco è finito",
    errno.EROFS: "il disco è in sola lettura",
    errno.ENAMETOOLONG: "il nome è troppo lungo",
    errno.EMFILE: "troppi file aperti",
    errno.EFBIG: "il file è troppo grande",
    errno.EIO: "il disco non risponde come deve",
}

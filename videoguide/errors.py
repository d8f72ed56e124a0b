"""The error tree. Every error that leaves a module of ours is one of these.

An error says what was wrong, where, and what is allowed, in one line; it carries the same
facts as attributes and survives pickling (work is done in several processes). No error ever
carries a personal value: a row number, an id or a key, never a name, fiscal code or IBAN.
Messages are read by the staff, and so in Italian; what a parser says is quoted as it comes.

    VideoGuideError
    ├── InputError            what somebody typed or sent; the command line exits with 2
    │   ├── UnknownChoice     a word that is not in the list of allowed ones
    │   ├── FirstNameError    a first name that cannot be spoken or drawn
    ├── PackError             a campaign pack is wrong: file, place, reason
    │   └── TextOverflow      words that do not fit their box
    ├── VoiceError            a voice cannot speak, here or now
    ├── EncodingError         the codec refused, or gave what cannot be joined
    ├── StoreError            a stored piece is missing, corrupt or cannot be written
    └── SegmentMismatch       segments of different profiles in one guide
"""

import errno
from collections.abc import Iterable
from pathlib import Path


class VideoGuideError(Exception):
    """Base of all errors of this package."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class InputError(VideoGuideError):
    """Something a person gave is not acceptable."""


class UnknownChoice(InputError):
    """A word outside the allowed ones, e.g. a voice or a case."""

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
    """A campaign pack is wrong: which file, which place in it, what and what is allowed."""

    def __init__(self, file: Path | str, reason: str, *, where: str = "") -> None:
        self.file, self.reason, self.where = str(file), reason, where
        super().__init__(f"{file}{f' ({where})' if where else ''}: {reason}")

    def __reduce__(self) -> tuple[object, ...]:
        return _pack_error, (type(self), self.file, self.reason, self.where)


def _pack_error(kind: type[PackError], file: str, reason: str, where: str) -> PackError:
    return kind(file, reason, where=where)


class TextOverflow(PackError):
    """Words that do not fit the box the scene gives them."""


class VoiceError(VideoGuideError):
    """A voice cannot speak: not installed, no network, not allowed by the campaign."""

    def __init__(self, voice: str, reason: str) -> None:
        self.voice, self.reason = voice, reason
        super().__init__(f"voce {voice}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.voice, self.reason)


class EncodingError(VideoGuideError):
    """The codec refused, or returned something that cannot be joined."""


class StoreError(VideoGuideError):
    """A stored piece is missing, corrupt or cannot be written."""

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path, self.reason = str(path), reason
        super().__init__(f"{path}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.path, self.reason)


class SegmentMismatch(VideoGuideError):
    """Segments whose codec headers differ cannot share one guide."""


def system_reason(error: OSError) -> str:
    """Why the system refused: the usual reasons in Italian, others in its own words."""
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

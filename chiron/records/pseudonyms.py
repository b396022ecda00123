"""Pseudonyms: names of patients, records, places, devices and readers, replaced by a keyed hash.

The same name becomes the same pseudonym in every ingest with the same key, so patients stay linked; without the key
a pseudonym can't be traced back by trying names. There is no default key.

Splits hang on a key of their own, made from the first one: a new key makes new pseudonyms, and every patient stays in
its split.
"""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chiron.datasets.splits import bucket_of
from chiron.errors import BadParameters
from chiron.settings import settings
from schemas.source import SourceProfile

__all__ = ["Pseudonyms", "load_key", "patient_pseudonyms", "pseudonyms_for", "replace_key"]

KEY_FILE: Final = "pseudonym.key"
SPLIT_KEY_FILE: Final = "split.key"
_MIN_KEY_BYTES: Final = 16
_DIGITS: Final = 20  # 80 bits: among ten million names a collision has a chance of 4e-11


@dataclass(frozen=True)
class Pseudonyms:
    """Replaces names, or keeps them where the source needs no pseudonyms (no key)."""

    namespace: str
    key: bytes | None
    kept_split_key: bytes | None = None  # of a key that was replaced since; none: made from `key`

    @property
    def fingerprint(self) -> str | None:
        """Tells keys apart without giving one away."""
        if self.key is None:
            return None
        kept = b"" if self.kept_split_key is None else b"\0" + self.kept_split_key
        return hashlib.sha256(b"chiron key fingerprint\0" + self.key + kept).hexdigest()[:16]

    def split_bucket(self, patient: str) -> int | None:
        """What decides a patient's split, whatever the key is replaced by; none where the name itself decides."""
        if self.key is None:
            return None
        return bucket_of(f"{self.namespace}\0{patient}", self.kept_split_key or _split_key_from(self.key))

    def name(self, kind: str, value: str) -> str:
        """`value`, or its pseudonym: the first letter of `kind` and 20 hexadecimal digits."""
        return value if self.key is None else f"{kind[0]}{self._digest(kind, value)[:_DIGITS]}"

    def digest(self, sha256: str) -> str:
        """A hash, or where names are hidden its keyed hash: short texts could be found by hashing guesses."""
        return sha256 if self.key is None else self._digest("sha256", sha256)

    def input_id(self, name: str, sha256: str) -> str:
        """The id of a refused input, from name and content; not traceable to the name where names are hidden."""
        return self._digest("input", f"{name}\0{sha256}")[: 2 * _DIGITS]

    def _digest(self, kind: str, value: str) -> str:
        message = "\0".join(("chiron", self.namespace, kind, value)).encode()
        if self.key is None:
            return hashlib.sha256(message).hexdigest()
        return hmac.digest(self.key, message, "sha256").hex()


def pseudonyms_for(profile: SourceProfile) -> Pseudonyms:
    """The pseudonyms of a source; keys are read, or made, only where the profile needs them."""
    if not profile.needs_pseudonyms:
        return Pseudonyms(profile.name, None)
    return Pseudonyms(profile.name, load_key(), _kept_split_key())


def patient_pseudonyms(profile: SourceProfile, names: Iterable[str]) -> set[str]:
    """The ids in datasets of patients whom a source calls by these names."""
    pseudonyms = pseudonyms_for(profile)
    return {pseudonyms.name("patient", name) for name in names}


def load_key() -> bytes:
    """The key of `CHIRON_PSEUDONYM_KEY`, else of the key file, which is made on first use.

    Raises BadParameters where the key is too short, or others than its owner may read the file.
    """
    secret = settings().pseudonym_key
    return _long_enough(secret.get_secret_value().encode() if secret else _read_key_file(_key_file()))


def replace_key() -> Path:
    """Put a new key in the place of the key file; splits stay. Returns where the old key is kept, for its owner.

    Raises BadParameters where the key comes from the environment, and so can't be replaced here.
    """
    if settings().pseudonym_key:
        raise BadParameters(
            "pseudonym key: expected one in a file, found CHIRON_PSEUDONYM_KEY; to replace it and keep the splits, set "
            "CHIRON_SPLIT_KEY to the key that was used first"
        )
    path = _key_file()
    old = load_key()
    split_path = path.with_name(SPLIT_KEY_FILE)
    if not split_path.exists():
        _create(split_path, _split_key_from(old).hex().encode())
    retired = path.with_name(f"retired-{Pseudonyms('', old).fingerprint}.key")
    _create(retired, old)
    draft = path.with_name(f"{KEY_FILE}.new")
    draft.unlink(missing_ok=True)
    _create(draft, secrets.token_hex(32).encode())
    draft.replace(path)
    return retired


def _kept_split_key() -> bytes | None:
    """The key that splits hang on, where the key of pseudonyms was replaced."""
    secret = settings().split_key
    if secret:
        return _split_key_from(_long_enough(secret.get_secret_value().encode()))
    path = settings().config_dir.expanduser() / SPLIT_KEY_FILE
    if settings().pseudonym_key or not path.exists():
        return None
    return bytes.fromhex(_read_key_file(path).decode())


def _split_key_from(key: bytes) -> bytes:
    return hmac.new(key, b"chiron split key", hashlib.sha256).digest()


def _long_enough(key: bytes) -> bytes:
    if len(key) < _MIN_KEY_BYTES:
        raise BadParameters(f"pseudonym key: expected at least {_MIN_KEY_BYTES} bytes, found {len(key)}")
    return key


def _key_file() -> Path:
    """The path of the key file, which exists on return."""
    folder = settings().config_dir.expanduser()
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(path, secrets.token_hex(32).encode())
    return path


def _create(path: Path, content: bytes) -> None:
    """Write a file that appears whole; of two processes at once, the first one's stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # somebody else made the key first
    finally:
        draft.unlink()


def _read_key_file(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise BadParameters(f"pseudonym key {path}: expected mode 600, found {mode:o}; run chmod 600 on it")
    return path.read_bytes().strip()

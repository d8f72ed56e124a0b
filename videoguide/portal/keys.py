# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The keys with which an identity provider signs, as it publishes them (RFC 7517), and what they prove (RFC 7515)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from joserfc import jwe, jws, jwt
from joserfc.errors import BadSignatureError, JoseError, MissingKeyError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey

SigningKey = RSAKey | ECKey | OKPKey

PrivateKey = SigningKey
"""A key of ours, with its private part."""

SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Only signatures that nobody but the provider can make: never "none", and none with a shared secret."""

KEY_ENCRYPTIONS = ("RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
"""Not RSA1_5, whose padding tells too much (RFC 7518, section 8.3)."""

CONTENT_ENCRYPTIONS = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")

MOST_KEYS = 50
LONGEST_HEADER = 16_000
"""Bytes of a token's head, which may carry a chain of certificates (``x5c``)."""

SHORTEST_RSA_BITS = 2048
"""RFC 7518, section 3.3."""

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}


def signing_keys(published: Mapping[str, Any]) -> tuple[SigningKey, ...]:
    """The keys of a published set that can prove a signature; all others in it are skipped (RFC 7517, section 5).

    Raises ValueError for what is no set of keys.
    """
    rows = published.get("keys")
    if not isinstance(rows, list):
        raise ValueError("no set of keys")
    return tuple(key for row in rows[:MOST_KEYS] if (key := _signing_key(row)) is not None)


def private_key(pem: bytes, name: str = "") -> PrivateKey:
    """The private key in a PEM file; ``name`` is what others call it. Raises ValueError for anything else."""
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            key = kind.import_key(pem, {"kid": name} if name else {})
            if key.is_private:
                return key
        except (JoseError, ValueError, TypeError, AttributeError):
            continue
    raise ValueError("no private key")


def signatures_of(key: SigningKey) -> tuple[str, ...]:
    """The algorithms with which a key can sign, the commonest first."""
    return tuple(algorithm for algorithm in SIGNATURES if _fits(key, algorithm))


def proven(token: str, keys: Iterable[SigningKey], algorithms: Sequence[str]) -> jwt.Token:
    """The token, once one of the keys that fit it proves its signature.

    A token that names its key is held against the keys of that name, and those without one; another against all.
    Raises UnsupportedAlgorithmError for a signature of another kind, MissingKeyError where no key fits,
    BadSignatureError where none proves it, another JoseError or ValueError for what is no signed token.
    """
    header = jws.extract_compact(token.encode(), registry=_signed(algorithms)).headers()
    name, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise UnsupportedAlgorithmError("signature of another kind")
    fitting = [key for key in keys if _fits(key, algorithm) and (name is None or key.kid in (None, name))]
    if not fitting:
        raise MissingKeyError()
    for key in fitting:
        try:
            return jwt.decode(token, key, registry=_signed([algorithm]))
        except BadSignatureError:
            continue
    raise BadSignatureError()


def opened(token: str, key: PrivateKey | None) -> str:
    """What was encrypted for our key (RFC 7516). Raises JoseError, ValueError, TypeError for all else."""
    if key is None:
        raise ValueError("no key to decrypt with")
    registry = jwe.JWERegistry(algorithms=[*KEY_ENCRYPTIONS, *CONTENT_ENCRYPTIONS], strict_check_header=False)
    registry.max_protected_header_length = LONGEST_HEADER
    plain = jwe.decrypt_compact(token, key, registry=registry).plaintext
    return (plain or b"").decode()


def sealed(text: str, secret: bytes) -> str:
    """A text that only who has the secret, of 32 random bytes, can open."""
    header = {"alg": "dir", "enc": "A256GCM"}
    return jwe.encrypt_compact(header, text.encode(), OctKey.import_key(secret), algorithms=list(header.values()))


def unsealed(text: str, secret: bytes) -> str:
    """The text that ``sealed`` made with this secret; empty for anything else."""
    try:
        plain = jwe.decrypt_compact(text, OctKey.import_key(secret), algorithms=["dir", "A256GCM"]).plaintext
    except (JoseError, ValueError, TypeError):
        return ""
    return (plain or b"").decode()


def _signed(algorithms: Sequence[str]) -> jws.JWSRegistry:
    """What is taken in a token's head: unknown entries are ignored (RFC 7515, section 4), certificates have room."""
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    registry.max_header_length = LONGEST_HEADER
    return registry


def _signing_key(row: object) -> SigningKey | None:
    if not isinstance(row, dict) or row.get("kty") not in ("RSA", "EC", "OKP") or row.get("use", "sig") != "sig":
        return None
    if row.get("alg", SIGNATURES[0]) not in SIGNATURES or not isinstance(operations := row.get("key_ops", []), list):
        return None
    if operations and "verify" not in operations:
        return None
    public = {name: value for name, value in row.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "oth")}
    try:
        key = JWKRegistry.import_key(public)
        key.public_key  # noqa: B018 - made now, so that broken numbers are found here
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if isinstance(key, RSAKey):
        return key if key.public_key.key_size >= SHORTEST_RSA_BITS else None
    return key if isinstance(key, ECKey | OKPKey) else None


def _fits(key: SigningKey, algorithm: str) -> bool:
    if key.get("alg") not in (None, algorithm) and {key.get("alg"), algorithm} != {"EdDSA", "Ed25519"}:
        return False
    if isinstance(key, RSAKey):
        return algorithm[:2] in ("RS", "PS")
    return _CURVES.get(algorithm) == key.get("crv")

# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Sets of keys as providers publish them: odd ones are skipped, and a token is held against those that fit."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, MissingKeyError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from videoguide.portal.keys import SIGNATURES, proven, signing_keys

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "other"})
ELLIPTIC = ECKey.generate_key("P-256", {"kid": "ec"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "ed"})
PUBLIC = RSA.as_dict(private=False)

ODD: dict[str, object] = {
    "a number": 7,
    "nothing": None,
    "a kind to come": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
    "a curve of another kind": {"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA"},
    "a point off the curve": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    "numbers missing": {"kty": "RSA", "kid": "rsa"},
    "numbers that are none": {"kty": "RSA", "n": "!!", "e": "AQAB"},
    "numbers of another type": {"kty": "RSA", "n": 7, "e": []},
    "a key for encryption": {**PUBLIC, "use": "enc"},
    "a key for encryption, by its algorithm": {**PUBLIC, "alg": "RSA-OAEP"},
    "operations of another kind": {**PUBLIC, "key_ops": ["wrapKey"]},
    "operations that are none": {**PUBLIC, "key_ops": 7},
    "an algorithm that is none": {**PUBLIC, "alg": ["RS256"]},
    "a shared secret": OctKey.generate_key(256).as_dict(private=True),
    "a key that is too short": {"kty": "RSA", "n": "w" + "7" * 170, "e": "AQAB"},
}


def token(key: Any, algorithm: str, **header: object) -> str:
    return jwt.encode({"alg": algorithm, **header}, {"sub": "anna"}, key, algorithms=[algorithm])


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_key_is_skipped_and_the_rest_holds(odd: object) -> None:
    keys = signing_keys({"keys": [odd, PUBLIC]})
    assert [key.thumbprint() for key in keys] == [RSA.thumbprint()]
    assert proven(token(RSA, "RS256", kid="rsa"), keys, SIGNATURES).claims == {"sub": "anna"}


def test_the_private_part_of_a_key_that_was_published_by_mistake_is_not_kept() -> None:
    (key,) = signing_keys({"keys": [RSA.as_dict(private=True)]})
    assert not key.is_private


@pytest.mark.parametrize("published", [{}, {"keys": None}, {"keys": {}}, {"error": "x"}])
def test_what_is_no_set_is_said(published: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no set of keys"):
        signing_keys(published)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # a name that providers still use
@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS384"), (ELLIPTIC, "ES256"), (EDWARDS, "EdDSA")]
)
def test_a_token_that_names_no_key_is_held_against_those_that_fit(key: Any, algorithm: str) -> None:
    keys = signing_keys({"keys": [k.as_dict(private=False) for k in (OTHER_RSA, EDWARDS, ELLIPTIC, RSA)]})
    assert proven(token(key, algorithm), keys, SIGNATURES).claims["sub"] == "anna"


def test_a_token_of_another_key_kind_or_name_is_not_proven() -> None:
    keys = signing_keys({"keys": [PUBLIC]})
    with pytest.raises(BadSignatureError):
        proven(token(OTHER_RSA, "RS256", kid="rsa"), keys, SIGNATURES)
    with pytest.raises(MissingKeyError):
        proven(token(RSA, "RS256", kid="unheard"), keys, SIGNATURES)
    with pytest.raises(MissingKeyError):
        proven(token(ELLIPTIC, "ES256"), keys, SIGNATURES)
    with pytest.raises(UnsupportedAlgorithmError):
        proven(token(RSA, "RS256"), keys, ["ES256"])


def test_the_key_of_one_algorithm_proves_no_other() -> None:
    keys = signing_keys({"keys": [{**PUBLIC, "alg": "RS256"}]})
    with pytest.raises(MissingKeyError):
        proven(token(RSA, "PS256"), keys, SIGNATURES)


def test_unknown_entries_and_certificates_in_the_head_of_a_token_are_no_reason_to_refuse_it() -> None:
    keys = signing_keys({"keys": [PUBLIC]})
    registry = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    header = {"alg": "RS256", "vendor": 7, "x5c": ["A" * 4000]}
    odd = jwt.encode(header, {"sub": "anna"}, RSA, registry=registry)
    assert proven(odd, keys, SIGNATURES).claims["sub"] == "anna"
    critical = jwt.encode({"alg": "RS256"}, {"sub": "anna"}, RSA).split(".")
    critical[0] = urlsafe_b64encode(b'{"alg": "RS256", "crit": ["vendor"], "vendor": 7}').decode().rstrip("=")
    with pytest.raises(JoseError):
        proven(".".join(critical), keys, SIGNATURES)

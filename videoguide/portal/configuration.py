# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How the portal is set up: its rows of the settings table, and their typed values.

Everything is checked when the portal starts; a wrong value is an InputError that names the setting.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import SplitResult, urlsplit

from videoguide.errors import InputError, UnknownChoice
from videoguide.portal.keys import PrivateKey, private_key, signatures_of
from videoguide.settings import Setting

StaffRole = Literal["viewer", "editor", "approver"]
STAFF_ROLES: tuple[StaffRole, ...] = get_args(StaffRole)
"""The roles of staff; each may also do what the roles before it may."""

ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
"""How the portal shows the provider who it is (OpenID Connect Core 1.0, section 9)."""

MetricsReaders = Literal["loopback", "all", "off"]

SOURCE_URL = "https://github.com/videoguide/videoguide"
"""The repository of the source code."""

SPID = "https://www.spid.gov.it/SpidL"
EIDAS = "http://eidas.europa.eu/LoA/"
LONGEST_SHOWN = 60
"""Characters of a wrong value that an error repeats."""

_CONTACT = re.compile("(https://|mailto:|tel:)[!-~]+")

PORTAL_SETTINGS = (
    Setting("portal_url", "http://127.0.0.1:8000", "Indirizzo pubblico del portale: https, o http su questa macchina."),
    Setting("portal_hosts", "", "Altri nomi a cui il portale risponde, separati da spazi."),
    Setting(
        "portal_frames", "none", "Chi può incorniciare il portale: none, self, o indirizzi https separati da spazi."
    ),
    Setting(
        "portal_contact",
        f"{SOURCE_URL}/security/advisories/new",
        "A chi segnalare un problema di sicurezza: indirizzi https, mailto: o tel:, separati da spazi.",
    ),
    Setting("portal_proxies", "127.0.0.1 ::1", "Proxy di cui si crede l’indirizzo di chi chiede, separati da spazi."),
    Setting("portal_workers", "2", "Processi che fanno le anteprime."),
    Setting("portal_metrics", "loopback", "Chi può leggere /metrics: loopback, all o off."),
    Setting("portal_body_kb", "64", "Quanto può pesare una richiesta, in kilobyte."),
    Setting("portal_idle_minutes", "15", "Minuti senza richieste dopo i quali la sessione finisce."),
    Setting("portal_session_hours", "8", "Ore dopo le quali la sessione finisce in ogni caso."),
    Setting("portal_session_rate", "20", "Richieste al secondo ammesse a una sessione (a tratti, cinque volte tante)."),
    Setting(
        "portal_address_rate", "500", "Richieste al secondo ammesse a un indirizzo (a tratti, cinque volte tante)."
    ),
    Setting("portal_login_rate", "10", "Accessi al secondo ammessi a un indirizzo (a tratti, cinque volte tanti)."),
    Setting("login_issuer", "", "Indirizzo dell’emittente OpenID Connect (vuoto: nessun accesso, salvo in prova)."),
    Setting("login_client", "", "Nome con cui l’emittente conosce il portale (client_id)."),
    Setting("login_secret", "", "Segreto del portale presso l’emittente (client_secret)."),
    Setting(
        "login_client_auth",
        "client_secret_basic",
        f"Come il portale si fa riconoscere dall’emittente: {', '.join(get_args(ClientAuth))}.",
    ),
    Setting("login_key", "", "File PEM con la chiave privata del portale, per private_key_jwt."),
    Setting("login_key_id", "", "Nome di questa chiave presso l’emittente (kid)."),
    Setting(
        "login_decryption_key", "", "File PEM con la chiave privata che apre le risposte cifrate (vuoto: login_key)."
    ),
    Setting("login_scope", "openid", "Scope chiesti all’emittente, separati da spazi."),
    Setting(
        "login_fiscal_code", "https://attributes.eid.gov.it/fiscal_number", "Attributo che porta il codice fiscale."
    ),
    Setting("login_level", f"{SPID}2", "Livello di sicurezza minimo dell’accesso, chiesto e verificato."),
    Setting(
        "login_levels",
        f"{SPID}1 {EIDAS}low; {SPID}2 {EIDAS}substantial; {SPID}3 {EIDAS}high",
        "Livelli dal più basso al più alto, divisi da punto e virgola; quelli equivalenti separati da spazi.",
    ),
    Setting("login_roles", "roles", "Attributo che porta il ruolo del personale."),
    Setting("login_viewer", "viewer", "Ruolo presso l’emittente di chi può guardare."),
    Setting("login_editor", "editor", "Ruolo presso l’emittente di chi può anche modificare."),
    Setting("login_approver", "approver", "Ruolo presso l’emittente di chi può anche approvare."),
)


@dataclass(frozen=True)
class LoginSettings:
    """The identity provider, and what the portal asks of it.

    ``levels`` are sets of equivalent levels, from the lowest to the highest; ``level`` belongs to one of them.
    ``roles`` maps the provider's names of roles to ours. ``key`` signs ``private_key_jwt``, ``decryption_key`` opens
    what the provider encrypts; None where there is no such key.
    """

    issuer: str
    client: str
    secret: str = field(repr=False)
    client_auth: ClientAuth
    key: PrivateKey | None = field(repr=False)
    decryption_key: PrivateKey | None = field(repr=False)
    scope: str
    fiscal_code: str
    level: str
    levels: tuple[frozenset[str], ...]
    role_claim: str
    roles: Mapping[str, StaffRole]

    def rank(self, level: object) -> int:
        """The place of a level among ``levels``, counted from 1; 0 for anything that is not one of them."""
        return next((rank for rank, equal in enumerate(self.levels, 1) if isinstance(level, str) and level in equal), 0)


@dataclass(frozen=True)
class PortalSettings:
    """The portal's settings as typed values. ``login`` is None without an issuer.

    ``url`` is the public origin without a final slash; ``hosts`` are in small letters and without ports;
    ``contacts`` are addresses for reports of weaknesses, the preferred one first; rates are requests per second.
    """

    url: str
    hosts: frozenset[str]
    frames: tuple[str, ...]
    contacts: tuple[str, ...]
    proxies: frozenset[str]
    workers: int
    metrics: MetricsReaders
    body_bytes: int
    idle: timedelta
    longest: timedelta
    session_rate: int
    address_rate: int
    login_rate: int
    login: LoginSettings | None

    @property
    def secure(self) -> bool:
        """Whether people reach the portal through TLS."""
        return self.url.startswith("https://")

    @classmethod
    def of(cls, values: Mapping[str, str], *, demo: bool = False) -> "PortalSettings":
        """The settings from the table's values; a missing or empty value becomes the default.

        Raises InputError for a wrong value, and for an issuer in a demonstration.
        """
        given = {row.name: values.get(row.name, "").strip() or row.default for row in PORTAL_SETTINGS}
        if demo and given["login_issuer"]:
            raise InputError("la dimostrazione non si può avviare insieme a un emittente vero: togli login_issuer")
        url = _url("portal_url", given["portal_url"])
        if url.path or url.query or url.fragment or url.username:
            raise _wrong(
                "portal_url", given["portal_url"], "solo schema, nome e porta, per esempio https://guide.example.it"
            )
        if demo and not is_loopback(url.hostname or ""):
            raise _wrong("portal_url", given["portal_url"], "nella dimostrazione solo questa macchina")
        here = {"127.0.0.1", "localhost", "::1"} if is_loopback(url.hostname or "") else set()
        return cls(
            url=f"{url.scheme}://{url.netloc}",
            hosts=frozenset({url.hostname or "", *given["portal_hosts"].lower().split(), *here}),
            frames=_frames(given["portal_frames"]),
            contacts=_contacts(given["portal_contact"]),
            proxies=_proxies(given["portal_proxies"]),
            workers=_number("portal_workers", given["portal_workers"], 1, 64),
            metrics=_metrics(given["portal_metrics"]),
            body_bytes=_number("portal_body_kb", given["portal_body_kb"], 1, 10_000) * 1000,
            idle=timedelta(minutes=_number("portal_idle_minutes", given["portal_idle_minutes"], 1, 1440)),
            longest=timedelta(hours=_number("portal_session_hours", given["portal_session_hours"], 1, 168)),
            session_rate=_number("portal_session_rate", given["portal_session_rate"], 1, 1_000_000),
            address_rate=_number("portal_address_rate", given["portal_address_rate"], 1, 1_000_000),
            login_rate=_number("portal_login_rate", given["portal_login_rate"], 1, 1_000_000),
            login=_login(given) if given["login_issuer"] else None,
        )


_FORWARDED = ("forwarded", "via", "x-forwarded", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-original-")
"""How the headers begin that a proxy adds to what it passes on."""


def is_forwarded(headers: Iterable[str]) -> bool:
    """Whether a proxy passed a request on, by the names of its headers."""
    return any(name.lower().startswith(_FORWARDED) for name in headers)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can be reached from this machine only."""
    try:
        return host.lower() == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _login(given: Mapping[str, str]) -> LoginSettings:
    issuer = given["login_issuer"]
    if (url := _url("login_issuer", issuer)).query or url.fragment:
        raise _wrong("login_issuer", issuer, "un indirizzo senza parametri")
    if not given["login_client"]:
        raise InputError("login_client è vuoto; serve il nome con cui l’emittente conosce il portale")
    levels = tuple(frozenset(part.split()) for part in given["login_levels"].split(";") if part.split())
    if not any(given["login_level"] in level for level in levels):
        raise UnknownChoice("login_level", given["login_level"], (name for level in levels for name in sorted(level)))
    key = _key("login_key", given["login_key"], given["login_key_id"])
    return LoginSettings(
        issuer=issuer,
        client=given["login_client"],
        secret=given["login_secret"],
        client_auth=_client_auth(given, key),
        key=key,
        decryption_key=_key("login_decryption_key", given["login_decryption_key"], "") or key,
        scope=" ".join(dict.fromkeys(["openid", *given["login_scope"].split()])),
        fiscal_code=given["login_fiscal_code"],
        level=given["login_level"],
        levels=levels,
        role_claim=given["login_roles"],
        roles={given[f"login_{role}"]: role for role in STAFF_ROLES},
    )


def _client_auth(given: Mapping[str, str], key: PrivateKey | None) -> ClientAuth:
    for method in get_args(ClientAuth):
        if method != given["login_client_auth"]:
            continue
        if method == "private_key_jwt" and (key is None or not signatures_of(key)):
            raise _wrong("login_key", given["login_key"], "per private_key_jwt, un file PEM con una chiave che firma")
        if method == "client_secret_post" and not given["login_secret"]:
            raise InputError("login_secret è vuoto; con client_secret_post serve il segreto del portale")
        return method  # type: ignore[no-any-return]
    raise UnknownChoice("login_client_auth", given["login_client_auth"], get_args(ClientAuth))


def _key(name: str, file: str, key_id: str) -> PrivateKey | None:
    if not file:
        return None
    try:
        return private_key(Path(file).read_bytes(), key_id)
    except (OSError, ValueError) as error:
        raise _wrong(name, file, "un file PEM con una chiave privata, leggibile e senza parola d’ordine") from error


def _url(name: str, text: str) -> SplitResult:
    """An https address, or an http address of this machine, without a final slash."""
    try:
        url = urlsplit(text.rstrip("/"))
        host, _ = url.hostname or "", url.port
    except ValueError as error:
        raise _wrong(name, text, "un indirizzo https") from error
    if not (host and text.isascii() and (url.scheme == "https" or (url.scheme == "http" and is_loopback(host)))):
        raise _wrong(name, text, "un indirizzo https, o http su questa macchina")
    return url


def _frames(text: str) -> tuple[str, ...]:
    """The sources of ``frame-ancestors``; empty where nobody may show the portal in a frame."""
    if text == "none":
        return ()
    words = text.split()
    for word in words:
        if word != "self" and not re.fullmatch(r"https://(\*\.)?[a-z0-9.-]+(:[0-9]+)?", word):
            raise _wrong("portal_frames", word, "none, self, o indirizzi https senza percorso")
    return tuple("'self'" if word == "self" else word for word in words)


def _contacts(text: str) -> tuple[str, ...]:
    for contact in text.split():
        if not _CONTACT.fullmatch(contact):
            raise _wrong("portal_contact", contact, "indirizzi che cominciano con https://, mailto: o tel:")
    return tuple(text.split())


def _proxies(text: str) -> frozenset[str]:
    for word in text.split():
        try:
            ip_network(word)
        except ValueError as error:
            raise _wrong("portal_proxies", word, "indirizzi o reti, per esempio 10.0.0.0/8") from error
    return frozenset(text.split())


def _metrics(text: str) -> MetricsReaders:
    for readers in get_args(MetricsReaders):
        if text == readers:
            return readers  # type: ignore[no-any-return]
    raise UnknownChoice("portal_metrics", text, get_args(MetricsReaders))


def _number(name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise _wrong(name, text, f"un numero intero da {least} a {most}")
    return int(text)


def _wrong(name: str, given: str, allowed: str) -> InputError:
    shown = given if len(given) <= LONGEST_SHOWN else given[: LONGEST_SHOWN - 1] + "…"
    return InputError(f"{name} {shown!r}; ammesso: {allowed}")

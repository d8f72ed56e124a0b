# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The server that runs the portal, and where it may listen. The only module with uvicorn."""

import uvicorn
from fastapi import FastAPI

from videoguide.errors import InputError
from videoguide.portal.configuration import PortalSettings, is_loopback
from videoguide.portal.state import Portal

STOP_SECONDS = 10
"""How long requests that are still open may take when the server is stopped."""


def create_server(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """The portal's server, which is not running yet: its ``run()`` serves until it is stopped.

    Raises InputError as ``check_bind``.
    """
    portal: Portal = app.state.portal
    check_bind(host, portal.rules, demo=portal.demo)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=sorted(portal.rules.proxies),
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )


def check_bind(host: str, rules: PortalSettings, *, demo: bool) -> None:
    """Raises InputError where listening on ``host`` would show to others what only this machine may see."""
    if is_loopback(host):
        return
    if demo:
        raise InputError(f"la dimostrazione ascolta solo su questa macchina, non su {host!r}: usa 127.0.0.1")
    if not rules.secure:
        raise InputError(f"per ascoltare su {host!r} portal_url deve essere un indirizzo https")

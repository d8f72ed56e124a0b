# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the portal answers when it cannot do what it is asked for: one list of reasons, as a page or as JSON.

People who open a page get a page. Below ``/api``, and for every other request, the answer is
``{"error": {"code": ..., "message": ...}}``, which costs little in a flood. No answer repeats anything that was sent.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from videoguide.portal.rendering import render
from videoguide.portal.views import ErrorPage, Page

if TYPE_CHECKING:
    from videoguide.portal.sessions import Visitor

API_ROOT = "/api/"


class RefusalText(NamedTuple):
    """A status, and what people read: what has happened, and what to do."""

    status: int
    title: str
    words: str


REFUSALS: Mapping[str, RefusalText] = {
    "bad_request": RefusalText(400, "Non abbiamo capito la richiesta", "Torna indietro e prova di nuovo."),
    "bad_host": RefusalText(400, "Indirizzo sconosciuto", "Questo portale non risponde a questo indirizzo."),
    "login_stale": RefusalText(
        400,
        "Questo accesso non è più valido",
        "È passato troppo tempo, o la pagina è stata aperta due volte. Entra di nuovo.",
    ),
    "not_logged_in": RefusalText(
        401,
        "Devi entrare di nuovo",
        "Per proteggere i tuoi dati la sessione è finita. Entra con la tua identità digitale.",
    ),
    "cross_site": RefusalText(
        403, "Richiesta non accettata", "La richiesta arriva da un altro sito. Riapri la pagina e prova di nuovo."
    ),
    "forwarded": RefusalText(
        403,
        "Qui si entra solo da questa macchina",
        "È una dimostrazione: chiunque vi entra come chiunque, e dietro un proxy non risponde.",
    ),
    "form_stale": RefusalText(403, "La pagina è rimasta aperta a lungo", "Riaprila e prova di nuovo."),
    "citizens_only": RefusalText(
        403, "Questa pagina è dei cittadini", "Sei entrato come personale. Esci, ed entra con la tua identità digitale."
    ),
    "staff_only": RefusalText(
        403, "Questa pagina è del personale", "Sei entrato come cittadino. Le tue guide sono nella tua area riservata."
    ),
    "role_too_low": RefusalText(
        403, "Il tuo ruolo non lo permette", "Chiedi a chi gestisce il servizio di darti il ruolo che serve."
    ),
    "role_missing": RefusalText(
        403, "Non hai un ruolo in questo servizio", "Chiedi a chi gestisce il servizio di dartene uno."
    ),
    "login_cancelled": RefusalText(403, "Non sei entrato", "Hai annullato l’accesso. Quando vuoi, prova di nuovo."),
    "login_failed": RefusalText(
        403, "L’accesso non è riuscito", "Il servizio di identità digitale non ha confermato chi sei. Prova di nuovo."
    ),
    "login_unproven": RefusalText(
        403,
        "L’accesso non è riuscito",
        "Non abbiamo potuto verificare la risposta del servizio di identità digitale. Prova di nuovo.",
    ),
    "level_too_low": RefusalText(
        403,
        "Serve un accesso più sicuro",
        "Entra di nuovo con SPID di livello 2, con la carta d’identità elettronica (CIE) o con la CNS.",
    ),
    "identity_missing": RefusalText(
        403,
        "Non sappiamo chi sei",
        "La tua identità digitale non ci ha comunicato un codice fiscale valido. Prova con un’altra identità digitale.",
    ),
    "not_found": RefusalText(
        404, "Questa pagina non c’è", "L’indirizzo può essere sbagliato, o la guida non è più disponibile."
    ),
    "method": RefusalText(405, "Non abbiamo capito la richiesta", "Questa pagina non si può usare così."),
    "too_large": RefusalText(413, "Il messaggio è troppo lungo", "Accorcia il testo e prova di nuovo."),
    "out_of_range": RefusalText(416, "Non abbiamo capito la richiesta", "Il video è più corto di così."),
    "invalid": RefusalText(422, "Non abbiamo capito la richiesta", "Un campo manca o non è nella forma giusta."),
    "too_many": RefusalText(429, "Troppe richieste in poco tempo", "Aspetta un minuto e prova di nuovo."),
    "unexpected": RefusalText(
        500, "Qualcosa non ha funzionato", "È un problema nostro, non tuo. Prova di nuovo tra qualche minuto."
    ),
    "unavailable": RefusalText(503, "Il servizio è in pausa", "Torna tra qualche minuto: le tue guide ti aspettano."),
    "busy": RefusalText(
        503,
        "Qualcun altro sta lavorando alla stessa cosa",
        "Non c’è nessun errore: aspetta un minuto e prova di nuovo.",
    ),
    "provider_silent": RefusalText(
        503,
        "L’accesso non è disponibile",
        "Il servizio di identità digitale non risponde. Prova di nuovo tra qualche minuto.",
    ),
}
"""Every reason by its code; the first with a status also stands for errors that have only the status."""

RETRY_SOON = {"Retry-After": "60"}
"""The header of answers that somebody else is at work: when to ask again, in seconds."""


class Refusal(HTTPException):
    """A request is refused; ``code`` is one of REFUSALS."""

    def __init__(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        self.code = code
        super().__init__(REFUSALS[code].status, REFUSALS[code].title, dict(headers or {}))


class SentTo(HTTPException):
    """A person must go to another page of ours first."""

    def __init__(self, address: str) -> None:
        super().__init__(303, "See Other", {"Location": address})


def code_of(status: int) -> str:
    """The code of REFUSALS for an error that has only a status."""
    otherwise = "bad_request" if status < 500 else "unexpected"
    return next((code for code, text in REFUSALS.items() if text.status == status), otherwise)


def refused(
    request: Request, code: str, headers: Mapping[str, str] | None = None, *, status: int | None = None
) -> Response:
    """The answer with a code of REFUSALS: a page for a person, JSON for a program."""
    text = REFUSALS[code]
    status = status or text.status
    if not is_page_visit(request):
        error = {"code": code, "message": f"{text.title}. {text.words}"}
        return JSONResponse({"error": error}, status, headers)
    return HTMLResponse(_error_page(request, text, status), status, headers)


def wants_json(request: Request) -> bool:
    """Whether the request comes from a program, as against a person with a browser."""
    if request.url.path.startswith(API_ROOT):
        return True
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def is_page_visit(request: Request) -> bool:
    """Whether a person opens a page, as against a request for a film or a picture, or of a program."""
    return not wants_json(request) and "text/html" in request.headers.get("accept", "")


def show(page: Page, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page as an answer."""
    return HTMLResponse(render(page), status, headers)


def error_page(visitor: "Visitor | None", title: str, words: str, status: int) -> ErrorPage:
    """The page that says what did not work, for the visitor who is there."""
    if visitor is None:
        return ErrorPage(title=title, words=words, status=status, signed_in=False)
    if visitor.is_citizen:
        return ErrorPage(title=title, words=words, status=status, csrf=visitor.csrf)
    return ErrorPage(title=title, words=words, status=status, csrf=visitor.csrf, for_staff=True, home_url="/staff")


def _error_page(request: Request, text: RefusalText, status: int) -> str:
    visitor = getattr(request.state, "visitor", None)
    try:
        return render(error_page(visitor, text.title, text.words, status))
    except Exception:  # the pages themselves may be what is broken
        return _BARE.format(title=text.title, words=text.words)


_BARE = (
    '<!doctype html><html lang="it"><head><meta charset="utf-8"><title>{title}</title></head>'
    "<body><main><h1>{title}</h1><p>{words}</p></main></body></html>"
)

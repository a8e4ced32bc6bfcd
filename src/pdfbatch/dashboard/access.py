"""Who may see the dashboard, and what a browser may do with its pages. A plain ASGI middleware."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pdfbatch.dashboard.pages import login_page

COOKIE = "pdfbatch_dashboard"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_MOST_FORM_BYTES = 10_000
_OPEN_PATHS = ("/login", "/style.css")


class AccessMiddleware:
    """Let through who gives the token, refuse names of hosts that are not ours, and add headers to each answer.

    The token comes as ``Authorization: Bearer``, or as the cookie that the form at ``/login`` sets. Without ``token`` anybody
    who reaches the address may read. ``hosts`` are the names by which the server is called; ``None`` accepts any. A page of
    another site that has its own name point to this machine cannot read it then.
    """

    def __init__(self, app: ASGIApp, token: str | None = None, hosts: Sequence[str] | None = None) -> None:
        self._app = app
        self._token = None if token is None else token.encode()
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the application answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_headers(message["headers"])}
            await send(message)

        request = Request(scope, receive)
        answer = self._refuse_host(request) or await self._answer_login(request) or self._refuse_stranger(request)
        await (answer or self._app)(scope, receive, send_safely)

    def _refuse_host(self, request: Request) -> Response | None:
        name = request.headers.get("host", "")
        host = name.rpartition(":")[0] if name.rpartition(":")[2].isdecimal() else name
        if self._hosts is None or host.lower() in self._hosts:
            return None
        return PlainTextResponse("This dashboard is not called by that name.\n", status_code=421)

    async def _answer_login(self, request: Request) -> Response | None:
        """Set the cookie for a form with the token."""
        if self._token is None or request.method != "POST" or _path(request) != "/login":
            return None
        root, given = _root(request), await _read_token(request)
        if given is None or not hmac.compare_digest(given, self._token):
            return Response(login_page(root, was_wrong=True), 403, media_type="text/html")
        answer = RedirectResponse(f"{root}/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, _proof(self._token), httponly=True, samesite="strict", secure=secure, path=f"{root}/")
        return answer

    def _refuse_stranger(self, request: Request) -> Response | None:
        if self._token is None or _path(request) in _OPEN_PATHS or self._knows_token(request, self._token):
            return None
        if "text/html" in request.headers.get("accept", ""):
            return Response(login_page(_root(request)), 401, media_type="text/html")
        return PlainTextResponse("The token is missing.\n", 401, headers={"WWW-Authenticate": "Bearer"})

    def _knows_token(self, request: Request, token: bytes) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("latin-1"), token):
            return True
        return hmac.compare_digest(_cookie(request).encode(), _proof(token).encode())


def _with_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    found = list(headers)
    there = {name.lower() for name, _ in found}
    added = [pair for pair in _HEADERS if pair[0] not in there]
    if b"content-security-policy" not in there:
        added.append((b"content-security-policy", PAGE_POLICY.encode()))
    return [*found, *added]


def _proof(token: bytes) -> str:
    """Return what shows that somebody knew the token, so that the token itself is in no cookie."""
    return hmac.new(token, b"pdfbatch dashboard", hashlib.sha256).hexdigest()


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


async def _read_token(request: Request) -> bytes | None:
    """Return the token in a form; ``None`` for anything else, or for too much of it."""
    from urllib.parse import parse_qs  # noqa: PLC0415 (for this form only)

    body = b""
    async for block in request.stream():
        body += block
        if len(body) > _MOST_FORM_BYTES:
            return None
    found = parse_qs(body.decode("latin-1"), encoding="utf-8", errors="replace").get("token")
    return None if found is None else found[0].encode("utf-8", "replace")


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(_root(request)) or "/"

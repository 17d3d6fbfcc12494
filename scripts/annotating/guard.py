"""Lets nobody in but the page itself: every request is checked before anything looks at it."""

import hmac
import json
from typing import Any, Dict, List

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 2**20
HEADERS = {
    # Nothing is loaded from elsewhere, nothing is inline, and no other page can frame this one
    "content-security-policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Refusal(Exception):
    """Why a request is not answered."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Guard:
    """Passes on what comes from the page, with the token taken off its path.

    The token is a part of the address, so that nothing has to carry it, and no cookie that other
    pages on this machine could use. The host is checked since a page elsewhere can point a name of
    its own here (DNS rebinding), origin and content type since it can post a form.

    app (ASGIApp): What answers.
    token (str): What the address must begin with.
    port (int): Where the server listens.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self.app = app
        self.token = token.encode()
        self.hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # What the app says of a page of its own comes first
                names = {name.lower() for name, _ in message["headers"]}
                more = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *(h for h in more if h[0] not in names)]
            await send(message)

        try:
            path = self._check(scope)
            body = await _read(scope, receive)
        except Refusal as refusal:
            await _refuse(refusal, send_with_headers)
            return
        passed = False

        async def receive_body() -> Message:
            nonlocal passed
            if passed:
                return await receive()
            passed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app({**scope, "path": path, "raw_path": None}, receive_body, send_with_headers)

    def _check(self, scope: Scope) -> str:
        """RETURNS (str): The path behind the token."""
        headers = _headers(scope)
        host = headers.get("host", [])
        if len(host) != 1 or host[0] not in self.hosts:
            raise Refusal(421, "Wrong host: open the address that the terminal shows.")
        token, slash, path = scope["path"].lstrip("/").partition("/")
        if not hmac.compare_digest(token.encode("utf8", "replace"), self.token) or not slash:
            raise Refusal(403, "Wrong address: open the one that the terminal shows.")
        if scope["method"] == "POST":
            if headers.get("origin") != [f"http://{host[0]}"]:
                raise Refusal(403, "This comes from another page.")
            if headers.get("content-type") != ["application/json"]:
                raise Refusal(415, "The content type must be application/json.")
        return f"/{path}"


def _headers(scope: Scope) -> Dict[str, List[str]]:
    headers: Dict[str, List[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return headers


async def _read(scope: Scope, receive: Receive) -> bytes:
    """RETURNS (bytes): The body, which has at most MAX_BODY bytes whatever it says it has."""
    too_long = Refusal(413, f"More than {MAX_BODY:,} bytes.")
    declared = _headers(scope).get("content-length", ["0"])[0]
    if not declared.isdigit() or int(declared[:20]) > MAX_BODY:
        raise too_long
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise too_long
        if not message.get("more_body"):
            return bytes(body)


async def _refuse(refusal: Refusal, send: Any) -> None:
    body = json.dumps({"error": str(refusal)}).encode()
    # What is left of a body is not read, so that the connection can't be used again
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

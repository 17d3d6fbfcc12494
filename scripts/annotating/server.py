"""The page's server: what the page can ask for, as JSON, on this machine alone."""

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from annotating.guard import Guard
from annotating.session import Session
from annotating.tabs import Tabs, Turn
from shared.errors import InputError

HERE = Path(__file__).parent
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
# Requests at a time; the page never has as many, and memory must not grow with what others send
MAX_REQUESTS = 64
# The report has its style and script within. In a sandbox it is none of this page's origin.
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:"
)
# What a disk or a folder can be wrong with is no fault of the page
CONFLICT, UNWRITABLE = 409, 507
NO_OBJECT = JSONResponse({"error": "The body is no JSON object"}, 400)


def listen(port: int) -> socket.socket:
    """RETURNS (socket.socket): A socket that this machine alone can reach; 0 is any free port."""
    listener = socket.socket()
    if os.name == "posix":  # elsewhere it would let two programs listen at once
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()  # so that a browser that is faster than the server waits
    except OSError as error:
        raise InputError(
            f"Can't listen on port {port}: {error.strerror}",
            remedy="Set vars.port to another one, or to 0 for any that is free.",
        ) from None
    return listener


def make_server(session: Session, listener: socket.socket) -> Tuple[uvicorn.Server, str]:
    """Make a server with a new token.

    session (Session): What the page shows and changes.
    listener (socket.socket): Where it will listen.
    RETURNS (Tuple[uvicorn.Server, str]): The server, and the page's address.
    """
    port = listener.getsockname()[1]
    token = secrets.token_urlsafe(16)
    config = uvicorn.Config(
        make_app(session, token, port),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_REQUESTS,
        timeout_graceful_shutdown=1,
    )
    return Server(config, session.tabs), f"http://127.0.0.1:{port}/{token}/"


class Server(uvicorn.Server):
    """Ends without waiting for the tab that is open.

    config (uvicorn.Config): How it serves.
    tabs (Tabs): Who may be waiting.
    """

    def __init__(self, config: uvicorn.Config, tabs: Tabs) -> None:
        super().__init__(config)
        self.tabs = tabs

    async def shutdown(self, sockets: Optional[List[socket.socket]] = None) -> None:
        """End what is being answered."""
        self.tabs.end()
        await super().shutdown(sockets)


def serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Answer requests until Ctrl+C, or until the server is told to end."""
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass


def make_app(session: Session, token: str, port: int) -> ASGIApp:
    """RETURNS (ASGIApp): What answers requests to a port that know the token."""
    gets: Dict[str, Callable[[Dict[str, str]], Any]] = {
        "state": lambda query: session.state(),
        "texts": lambda query: session.next_texts(query.get("held", "")),
        "answer": lambda query: session.texts.before(_number(query.get("place"))),
        "answers": lambda query: session.listed(query),
        "terms": lambda query: session.terms.show(),
        "page": lambda query: session.page(_number(query.get("number")) or 0, query.get("stage")),
        "run": lambda query: session.show_run(_number(query.get("start")) or 0),
    }
    posts: Dict[str, Callable[[Dict[str, Any]], Any]] = {
        "answer": session.save,
        "skip": session.skip,
        "terms": session.answer_term,
        "undo": session.undo_term,
        "retry": session.retry_terms,
        "try": session.try_text,
        "run": session.run,
        "stop": session.stop,
    }
    routes = [Route(f"/{name}", _file(name)) for name in ("page.css", "page.js")]
    routes.append(Route("/", _file("page.html")))
    routes.append(Route("/report", lambda request: _report(session.report)))
    routes += [Route(f"/api/{name}", _get(show), methods=["GET"]) for name, show in gets.items()]
    routes += [Route(f"/api/{name}", _post(do), methods=["POST"]) for name, do in posts.items()]
    routes.append(Route("/api/tab", _hold(session.tabs), methods=["POST"]))
    return Guard(Starlette(routes=routes), token, port)


def _file(name: str) -> Callable[[Request], Response]:
    path = HERE / name
    return lambda request: Response(path.read_bytes(), media_type=TYPES[path.suffix])


def _report(path: Path) -> Response:
    if not path.is_file():
        return JSONResponse({"error": "There is no report yet"}, 404)
    headers = {"content-security-policy": REPORT_POLICY}
    return Response(path.read_bytes(), media_type="text/html", headers=headers)


def _get(show: Callable[[Dict[str, str]], Any]) -> Callable[[Request], Response]:
    return lambda request: _answer(show, dict(request.query_params))


def _post(do: Callable[[Dict[str, Any]], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        body = await _object(request)
        return NO_OBJECT if body is None else await run_in_threadpool(_answer, do, body)

    return endpoint


def _hold(tabs: Tabs) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Any:
        body = await _object(request)
        if body is None:
            return NO_OBJECT
        end = tabs.claim(str(body.get("tab")), body.get("force") is True)
        return Turn(tabs, end) if end else _answer(tabs.check, body.get("tab"))

    return endpoint


async def _object(request: Request) -> Optional[Dict[str, Any]]:
    """RETURNS (Optional[Dict[str, Any]]): What was sent, None if it is no JSON object."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _answer(function: Callable[[Any], Any], argument: Any) -> Response:
    """RETURNS (Response): What the function returns, or in words why it does not."""
    try:
        result = function(argument)
    except InputError as error:
        return JSONResponse({"error": str(error), "remedy": error.remedy}, CONFLICT)
    except OSError as error:
        problem = f"{error.filename or 'The file'}: {error.strerror or error}"
        remedy = "Make room on the disk, or make the file writable."
        return JSONResponse({"error": problem, "remedy": remedy}, UNWRITABLE)
    return JSONResponse({} if result is None else result)


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None

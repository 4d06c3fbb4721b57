"""The environment over HTTP, in the protocol of OpenEnv, for trainers elsewhere.

Needs the extra `serve`. Synthetic content, for research, not for clinical use.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from openenv.core.env_server.http_server import create_fastapi_app
from openenv.core.env_server.interfaces import Environment as OpenEnvironment
from openenv.core.env_server.types import Action, Observation, State
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from curricula.penalties import PenaltyConfig
from dipg import NOTICE
from dipg.environment import Environment, Step, score_step
from dipg.pricing import EVALUATION
from dipg.vignettes.types import Vignette

MAX_RESPONSE = 200_000
"""Characters of one response."""
MAX_BODY = 4_000_000
"""Bytes of one request."""
MAX_ITEMS = 256
"""Responses of one batch."""
MAX_SECONDS = 10.0
"""For a request to arrive in."""
MAX_CONNECTIONS = 128
"""At the same time; more are told to come back later."""


class ResponseAction(Action):
    """What an agent does: it responds.

    `vignette_id` says to which vignette; without it, to the one that this session's `reset` showed.
    """

    response: str = Field(max_length=MAX_RESPONSE)
    vignette_id: str | None = None


class TaskObservation(Observation):
    """What an agent sees; after a step `info` says what happened."""

    vignette_id: str = ""
    context: str = ""
    question: str = ""
    info: dict[str, Any] = Field(default_factory=dict)
    notice: str = NOTICE


class Item(BaseModel):
    """One response of a batch."""

    vignette_id: str
    response: str = Field(max_length=MAX_RESPONSE)


class Batch(BaseModel):
    """Responses to be scored at once."""

    items: list[Item] = Field(min_length=1, max_length=MAX_ITEMS)


class TaskEnvironment(OpenEnvironment[ResponseAction, TaskObservation, State]):
    """One session: `Environment` behind OpenEnv's interface."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(
        self, vignettes: Sequence[Vignette], prices: PenaltyConfig, by_id: dict[str, Vignette]
    ) -> None:
        super().__init__()
        self._inner = Environment(vignettes, prices)
        self._by_id = by_id
        self._state = State()

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, **kwargs: Any
    ) -> TaskObservation:
        """Show a vignette."""
        seen = self._inner.reset(seed)
        assert self._inner.current is not None
        self._state = State(episode_id=episode_id, step_count=0)
        return TaskObservation(
            vignette_id=self._inner.current.id, context=seen.context, question=seen.question
        )

    def step(
        self, action: ResponseAction, timeout_s: float | None = None, **kwargs: Any
    ) -> TaskObservation:
        """Score a response."""
        if action.vignette_id is not None:
            vignette = find(self._by_id, action.vignette_id)
            step = score_step(vignette, action.response, self._inner.prices)
        elif self._inner.current is None:
            raise HTTPException(409, "no task is open: reset first, or name a vignette_id")
        else:
            step = self._inner.step(action.response)
        self._state = State(episode_id=self._state.episode_id, step_count=1)
        return _observed(step)

    @property
    def state(self) -> State:
        """Of the session."""
        return self._state


def find(by_id: dict[str, Vignette], identity: str) -> Vignette:
    """The vignette of an id; 404 where there is none."""
    if identity not in by_id:
        raise HTTPException(404, f"no vignette {identity[:80]!r}")
    return by_id[identity]


def _observed(step: Step) -> TaskObservation:
    return TaskObservation(
        vignette_id=step.info["id"],
        context=step.observation.context,
        question=step.observation.question,
        reward=step.reward,
        done=step.done,
        info=step.info,
    )


def _without_input(detail: Any) -> Any:
    """A validation report without what was sent: it is not sent back."""
    if not isinstance(detail, Sequence) or isinstance(detail, str):
        return detail
    return [{k: v for k, v in d.items() if k in ("type", "loc", "msg")} for d in detail]


class LimitBody:
    """Refuse a request body of more than `limit` bytes with 413, also one sent in chunks, and one
    that takes longer than `seconds` to arrive with 408."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY, seconds: float = MAX_SECONDS) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received before any of it is handed on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds):
                held = await self._received(receive)
        except TimeoutError:
            held, refusal = None, JSONResponse({"detail": f"no body in {self.seconds:g} s"}, 408)
        else:
            refusal = JSONResponse({"detail": f"body over {self.limit} bytes"}, 413)
        if held is None:
            # The rest of it would otherwise be taken for the next request.
            refusal.headers["connection"] = "close"
            await refusal(scope, receive, send)
            return

        async def replay() -> Message:
            return held.pop(0) if held else await receive()

        await self.app(scope, replay, send)

    async def _received(self, receive: Receive) -> list[Message] | None:
        """All of a request; None where it is too long."""
        held: list[Message] = []
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.limit:
                return None
            held.append(message)
            if message["type"] != "http.request" or not message.get("more_body", False):
                return held


def create_app(vignettes: Sequence[Vignette], prices: PenaltyConfig = EVALUATION) -> FastAPI:
    """The application: OpenEnv's routes, `/score` for batches and `/vignettes/{id}`."""
    by_id = {v.id: v for v in vignettes}
    listed = list(vignettes)
    app = create_fastapi_app(
        lambda: TaskEnvironment(listed, prices, by_id), ResponseAction, TaskObservation
    )
    app.title = "DIPG environment"
    app.description = NOTICE
    app.add_middleware(LimitBody)

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"detail": _without_input(error.detail)}, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def refuse_request(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": _without_input(error.errors())}, 422)

    @app.get("/")
    def about() -> dict[str, Any]:
        return {"notice": NOTICE, "vignettes": len(by_id), "prices": prices.to_mapping()}

    @app.get("/vignettes/{identity}")
    def show(identity: str) -> dict[str, str]:
        v = find(by_id, identity)
        return {"vignette_id": v.id, "context": v.context, "question": v.question, "notice": NOTICE}

    @app.post("/score")
    def score(batch: Batch) -> dict[str, Any]:
        steps = [
            score_step(find(by_id, item.vignette_id), item.response, prices) for item in batch.items
        ]
        return {"results": [{**s.info, "reward": s.reward} for s in steps], "notice": NOTICE}

    return app

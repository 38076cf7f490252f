"""The language model: any OpenAI-compatible endpoint, through LlamaIndex's OpenAILike. The one place that speaks to it.

Nothing is sent anywhere unless an address is set. The system's proxy variables and the OPENAI_* variables are not read, redirects
are not followed, and the key is in no message: what an endpoint answers may repeat it, so of an error only the status is told.

For Azure OpenAI's deployments API OpenAILike is given the client of the openai package that speaks it. (llama-index-llms-azure-openai
does the same, but asks for a table of OpenAI's model names and refuses deployments that are called otherwise.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from rag.errors import (
    EndpointBusy,
    EndpointCut,
    EndpointError,
    EndpointFailed,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
)
from rag.records import Usage

if TYPE_CHECKING:
    from llama_index.llms.openai_like import OpenAILike

PAUSE = 0.5
"""Seconds before the second attempt where the endpoint names none; each further pause is twice as long."""
CONNECT = 5.0
"""Seconds to reach the endpoint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a language model is and how much it takes."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    azure_version: str = ""
    """Version of Azure's deployments API; empty for every other endpoint."""
    proxy: str = ""
    seconds: float = 60.0
    """For one reply, all attempts together."""
    attempts: int = 3
    context: int = 8_192
    """Tokens of prompt and reply together."""
    output: int = 1_024
    """Tokens of the reply."""
    stream: bool = True

    @property
    def shown(self) -> str:
        """The address without a name and password that may stand in it."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


class Patience:
    """How often and how long one reply is tried for."""

    def __init__(self, attempts: int, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self.attempts = attempts
        self.deadline = time.monotonic() + seconds
        self.made = 0
        self._sleep = sleep

    @property
    def left(self) -> float:
        """Seconds left; never below 0."""
        return max(0.0, self.deadline - time.monotonic())

    def again(self, error: EndpointError) -> bool:
        """Wait as long as ``error`` asks for; False where no attempt is left, or the wait is longer than the time that is."""
        pause = error.wait or PAUSE * 2 ** (self.made - 1)
        if not error.again or self.made >= self.attempts or pause >= self.left:
            return False
        self._sleep(pause)
        return True


class LanguageModel:
    """A language model at an endpoint. Safe to use from several threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._client: OpenAILike | None = None
        self._refused: set[str] = set()

    @property
    def name(self) -> str:
        """The model's name, as the endpoint calls it."""
        return self.endpoint.model

    def patience(self) -> Patience:
        """For one reply."""
        return Patience(self.endpoint.attempts, self.endpoint.seconds)

    def reply(
        self, system: str, user: str, patience: Patience, *, used: Callable[[Usage], None], schema: Mapping[str, Any] | None = None
    ) -> Generator[str]:
        """One attempt at a reply: its text, piece by piece as it comes. Closing the iterator ends the request.

        Args:
            patience: an attempt more is counted; its time is the limit.
            used: told what the endpoint says that this attempt took, once it is over.
            schema: JSON schema of the reply, for endpoints that keep to one; left away where the endpoint does not know how.

        Raises:
            EndpointError: there is no whole reply. What came before was yielded.
        """
        patience.made += 1
        if not patience.left:
            raise self._timeout()
        options: dict[str, Any] = {"timeout": self._timeouts(patience), "stream_options": {"include_usage": True}}
        if schema is not None:
            options["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        for name in self._refused:
            options.pop(name, None)
        usage = Usage(requests=1)
        try:
            with self._translated():
                for piece, counted in self._pieces(system, user, options, patience):
                    usage = counted
                    yield piece
        finally:
            used(usage)

    def _pieces(self, system: str, user: str, options: dict[str, Any], patience: Patience) -> Iterator[tuple[str, Usage]]:
        from llama_index.core.llms import ChatMessage, MessageRole

        messages = [ChatMessage(role=MessageRole.SYSTEM, content=system), ChatMessage(role=MessageRole.USER, content=user)]
        usage, finished, came = Usage(requests=1), "", False
        client = self._llm()
        if not self.endpoint.stream:
            options.pop("stream_options", None)
            response = self._accepted(lambda chosen: client.chat(messages, **chosen), options)
            yield response.message.content or "", _counted(response.raw)
            finished = getattr(response.raw.choices[0], "finish_reason", "") or "stop"
        else:
            # The request is made when the first piece is asked for.
            stream, response = self._accepted(lambda chosen: _first(client.stream_chat(messages, **chosen)), options)
            try:
                while response is not None:
                    if not patience.left:
                        raise self._timeout()
                    came = True
                    usage = _counted(response.raw) if getattr(response.raw, "usage", None) else usage
                    for choice in response.raw.choices[:1]:
                        finished = choice.finish_reason or finished
                    yield response.delta or "", usage
                    response = next(stream, None)
            finally:
                stream.close()
            if not came:
                raise self._no_reply()
        if finished == "length":
            raise EndpointCut(f"The reply of {self.name} is longer than {self.endpoint.output} tokens and was cut off.")
        if not finished:
            raise EndpointCut(f"The reply of {self.name} ended in the middle.")

    def _accepted(self, request: Callable[[dict[str, Any]], Any], options: dict[str, Any]) -> Any:
        """Make a request; an endpoint that does not know an option (400, 422) is asked again without it, and from then on."""
        from openai import BadRequestError, UnprocessableEntityError

        for name in ("response_format", "stream_options"):
            try:
                return request(options)
            except (BadRequestError, UnprocessableEntityError):
                if name not in options:
                    continue
                options = {key: value for key, value in options.items() if key != name}
                self._refused.add(name)
        return request(options)

    # ------------------------------------------------------------ the client

    def _llm(self) -> OpenAILike:
        import httpx
        import openai
        from llama_index.llms.openai_like import OpenAILike

        with self._lock:
            if self._client is None:
                at = self.endpoint
                # trust_env: the system's proxy variables would carry what is asked to somebody whom no setting of ours names.
                http = httpx.Client(trust_env=False, proxy=at.proxy or None, follow_redirects=False)
                key = at.key or "none"
                given: openai.OpenAI
                if at.azure_version:
                    given = openai.AzureOpenAI(
                        azure_endpoint=at.url, api_version=at.azure_version, api_key=key, http_client=http, max_retries=0
                    )
                else:
                    given = openai.OpenAI(base_url=at.url, api_key=key, http_client=http, max_retries=0)
                # Both are read from OPENAI_* variables, which may be meant for another endpoint.
                given.organization = given.project = None
                given._custom_headers = {}
                self._client = OpenAILike(
                    model=at.model,
                    api_base=at.url,
                    api_key=key,
                    openai_client=given,  # type: ignore[call-arg]  # taken by the class above, whose signature mypy does not see
                    is_chat_model=True,
                    context_window=at.context,
                    max_tokens=at.output,
                    temperature=0.0,
                    max_retries=0,
                )
            return self._client

    def _timeouts(self, patience: Patience) -> Any:
        import httpx

        # A silent endpoint gets its share of the time, so that there is some left to try again.
        share = patience.left / max(1, patience.attempts - patience.made + 1)
        return httpx.Timeout(share, connect=min(CONNECT, share))

    def _timeout(self) -> EndpointTimeout:
        return EndpointTimeout(f"{self.name} did not finish within {self.endpoint.seconds:.0f} seconds.")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Errors of httpx, openai and of whatever parses a reply, in our words; "from None", since theirs may repeat the key."""
        import httpx
        import openai

        try:
            yield
        except EndpointError:
            raise
        except (openai.APITimeoutError, httpx.TimeoutException) as error:
            connecting = isinstance(error.__cause__ or error, httpx.ConnectTimeout)
            raise (self._unreachable() if connecting else self._timeout()) from None
        except (openai.APIConnectionError, httpx.ConnectError) as error:
            cause = error.__cause__
            if isinstance(cause, (httpx.RemoteProtocolError, httpx.ReadError)):
                raise EndpointCut(f"The connection to {self.endpoint.shown} ended in the middle.") from None
            raise self._unreachable() from None
        except openai.APIStatusError as error:
            raise self._status(error.status_code, error.response.headers) from None
        except (httpx.RemoteProtocolError, httpx.ReadError):
            raise EndpointCut(f"The reply of {self.name} ended in the middle.") from None
        except (openai.OpenAIError, httpx.HTTPError, ValueError, TypeError, AttributeError, IndexError, KeyError):
            # LlamaIndex and openai read replies with little doubt: what is no reply fails as an attribute or a value that is missing.
            raise EndpointFailed(
                f"{self.endpoint.shown} answers, but not with a reply of a language model. Check KONKYO_LLM_URL."
            ) from None

    def _unreachable(self) -> EndpointUnreachable:
        return EndpointUnreachable(f"Nothing answers at {self.endpoint.shown}. Check KONKYO_LLM_URL and that the model is running.")

    def _no_reply(self) -> EndpointFailed:
        return EndpointFailed(f"{self.endpoint.shown} answers, but not with a reply of a language model. Check KONKYO_LLM_URL.")

    def _status(self, status: int, headers: Mapping[str, str]) -> EndpointError:
        at = self.endpoint.shown
        if status in (401, 403):
            return EndpointRefused(f"{at} does not accept the key (status {status}). Check KONKYO_LLM_KEY.")
        if status == 429:
            return EndpointBusy(f"{at} has too many requests (status 429).", wait=_wait(headers))
        failed = EndpointFailed(f"{at} reports an error (status {status}).", wait=_wait(headers))
        failed.again = status >= 500 or status in (408, 409)
        return failed


def _first(stream: Iterator[Any]) -> tuple[Iterator[Any], Any]:
    return stream, next(stream, None)


def _counted(raw: Any) -> Usage:
    said = getattr(raw, "usage", None)
    return Usage(
        requests=1,
        prompt_tokens=int(getattr(said, "prompt_tokens", 0) or 0),
        completion_tokens=int(getattr(said, "completion_tokens", 0) or 0),
    )


def _wait(headers: Mapping[str, str]) -> float:
    """Retry-After in seconds, given as such or as a date; 0 where there is none."""
    said = headers.get("retry-after", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0

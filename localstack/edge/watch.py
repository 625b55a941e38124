"""Keep up with what is deployed: distributions by host, and invalidations, by polling the CloudFront API."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from edge.deployed import DeployedReader
from edge.model import Distribution

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

_log = logging.getLogger("edge.watch")

Invalidate = Callable[[str, tuple[str, ...]], int]


class DistributionWatch:
    """Knows the distributions that are served now.

    While the API is away the last ones known are served on.
    """

    def __init__(
        self,
        client: "CloudFrontClient",
        reader: DeployedReader,
        invalidate: Invalidate,
        *,
        chosen: str | None = None,
        poll_s: float = 2.0,
    ) -> None:
        self._client = client
        self._reader = reader
        self._invalidate = invalidate
        self._chosen = chosen
        self._poll_s = poll_s
        self._lock = asyncio.Lock()
        self._seen: dict[str, set[str]] = {}
        self._by_name: dict[str, Distribution] = {}
        self.distributions: tuple[Distribution, ...] = ()
        self.error: str | None = "the CloudFront API has not been asked yet"
        self.polled_at_s: float | None = None

    async def run(self) -> None:
        """Poll for ever."""
        while True:
            await self.refresh()
            await asyncio.sleep(self._poll_s)

    async def refresh(self) -> None:
        """Look once, now."""
        async with self._lock:
            try:
                distributions, invalidated = await asyncio.to_thread(self._read)
            except (BotoCoreError, ClientError, KeyError) as error:
                self._note_failure(error)
                return
            self._note(distributions)
            for distribution_id, paths in invalidated:
                dropped = self._invalidate(distribution_id, paths)
                _log.info("invalidated", extra={"fields": {"paths": list(paths), "objects": dropped}})

    def for_host(self, host: str) -> Distribution | None:
        """Return the distribution that a Host means.

        `<id>.cloudfront.localhost`, the distribution's domain name or one of its aliases; any other host means the
        chosen distribution, or the only one.
        """
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.lower().rstrip(".")
        label = name.partition(".")[0] if name.endswith(".cloudfront.localhost") else name
        if found := self._by_name.get(label):
            return found
        if self._chosen:
            return self._by_name.get(self._chosen.lower())
        return self.distributions[0] if len(self.distributions) == 1 else None

    def _read(self) -> tuple[tuple[Distribution, ...], list[tuple[str, tuple[str, ...]]]]:
        distributions = self._reader.read()
        invalidated = [(item.id, paths) for item in distributions for paths in self._new_invalidations(item.id)]
        return distributions, invalidated

    def _new_invalidations(self, distribution_id: str) -> list[tuple[str, ...]]:
        listed = self._client.list_invalidations(DistributionId=distribution_id)["InvalidationList"]
        ids = {item["Id"] for item in listed.get("Items", ())}
        # Those from before this process concern nothing in its cache.
        new = ids - self._seen.get(distribution_id, ids)
        self._seen[distribution_id] = ids
        paths = []
        for invalidation_id in sorted(new):
            reply = self._client.get_invalidation(DistributionId=distribution_id, Id=invalidation_id)
            paths.append(tuple(reply["Invalidation"]["InvalidationBatch"]["Paths"].get("Items", ())))
        return paths

    def _note(self, distributions: tuple[Distribution, ...]) -> None:
        self.polled_at_s = time.time()
        if self.error:
            _log.info("the CloudFront API answers")
        self.error = None
        if distributions is self.distributions:
            return
        self.distributions = distributions
        self._by_name = {}
        for distribution in distributions:
            label = distribution.domain.partition(".")[0]
            for name in (distribution.id.lower(), label, distribution.domain, *distribution.aliases):
                self._by_name[name] = distribution
        _log.info("serving", extra={"fields": {"distributions": [item.id for item in distributions]}})

    def _note_failure(self, error: Exception) -> None:
        reason = f"the CloudFront API does not answer: {error}"
        if self.error != reason:
            _log.warning(reason)
        self.error = reason


@contextlib.asynccontextmanager
async def watching(watch: DistributionWatch) -> AsyncIterator[None]:
    """Poll while the block runs; the first look is done before it begins."""
    await watch.refresh()
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

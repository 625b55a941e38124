"""Start the edge: `python -m edge --endpoint URL [--port N] [--distribution ID]`."""

import argparse
import json
import logging
import resource
import signal
import socket
import sys
import tempfile
from pathlib import Path

import boto3
import uvicorn
from botocore.config import Config
from botocore.credentials import Credentials

from edge.app import EdgeApp
from edge.collapse import Collapser
from edge.deployed import DeployedReader
from edge.fetching import Fetcher
from edge.origin_client import OriginClient
from edge.serving import Server
from edge.stats import AccessLog, Stats
from edge.store import Bounds, Store
from edge.watch import DistributionWatch

_REGION = "us-east-1"
_FILES = 8192


class _JsonLines(logging.Formatter):
    """Log records as JSON lines; `extra={"fields": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        fields = getattr(record, "fields", {})
        line = {"level": record.levelname, "logger": record.name, "message": record.getMessage(), **fields}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m edge",
        description="Serve the deployed CloudFront distribution: caching, collapsed misses, signed cookies, functions.",
        epilog="Pages of its own: /_edge/health, /_edge/stats, POST /_edge/reload.",
    )
    parser.add_argument("--endpoint", default="http://127.0.0.1:4566", help="the emulator (default %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on, 0 for any (default %(default)s)")
    parser.add_argument("--distribution", metavar="ID", help="what plain localhost means when several are deployed")
    parser.add_argument(
        "--cache-dir", type=Path, metavar="DIR", help="where larger bodies go (default: a temporary one)"
    )
    parser.add_argument("--cache-mb", type=int, default=2048, metavar="N", help="disk for bodies (default %(default)s)")
    parser.add_argument("--poll", type=float, default=2.0, metavar="S", help="seconds between looks at the API")
    parser.add_argument(
        "--enforce-https",
        action="store_true",
        help="redirect or refuse plain http where the distribution says so; off, because a laptop has no certificate",
    )
    return parser.parse_args()


def build_app(arguments: argparse.Namespace, cache_dir: Path) -> EdgeApp:
    """Put the parts together."""
    endpoint = arguments.endpoint.rstrip("/")
    session = boto3.Session()
    region = session.region_name or _REGION
    credentials = _credentials(session)
    settings = {
        "endpoint_url": endpoint,
        "region_name": region,
        "aws_access_key_id": credentials.access_key,
        "aws_secret_access_key": credentials.secret_key,
    }
    patience = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    api = session.client("cloudfront", config=patience, **settings)
    s3 = session.client("s3", config=patience.merge(Config(s3={"addressing_style": "path"})), **settings)
    soft_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    store = Store(Bounds(disk_bytes=arguments.cache_mb * 1024 * 1024, files=max(64, soft_files // 4)))
    collapser = Collapser(store, cache_dir)
    client = OriginClient(credentials, region)
    stats = Stats()
    server = Server(Fetcher(endpoint, client, collapser), stats, enforces_https=arguments.enforce_https)
    reader = DeployedReader(api, s3)
    watch = DistributionWatch(api, reader, collapser.invalidate, chosen=arguments.distribution, poll_s=arguments.poll)
    return EdgeApp(watch, server, stats, store, collapser, client, AccessLog())


def _credentials(session: boto3.Session) -> Credentials:
    """Return the credentials at hand; an emulator takes any."""
    found = session.get_credentials()
    frozen = found.get_frozen_credentials() if found else None
    if frozen and frozen.access_key and frozen.secret_key:
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)
    return Credentials("test", "test")


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    arguments = _arguments()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("botocore").setLevel(logging.WARNING)
    _allow_many_files()
    # uvicorn stops gracefully, then raises the signal again: it must unwind, or the cache directory stays behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        listener = socket.create_server((arguments.host, arguments.port), backlog=1024)
    except OSError as error:
        sys.exit(f"edge: cannot listen on {arguments.host}:{arguments.port}: {error.strerror}")
    if arguments.cache_dir:
        arguments.cache_dir.mkdir(parents=True, exist_ok=True)
    with listener, tempfile.TemporaryDirectory(prefix="millrace-edge-", dir=arguments.cache_dir) as cache_dir:
        url = f"http://{arguments.host}:{listener.getsockname()[1]}"
        logging.getLogger("edge").info("listening", extra={"fields": {"url": url, "endpoint": arguments.endpoint}})
        config = uvicorn.Config(
            build_app(arguments, Path(cache_dir)),
            # Our own lines say more; what uvicorn would add about cut connections is noise.
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="on",
            timeout_keep_alive=60,
            timeout_graceful_shutdown=3,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _allow_many_files() -> None:
    """Raise the limit of open files: each viewer is one, and each larger body in the cache."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()

"""Stored indexes: one S3 object each, written once and read whole."""

import shutil
import tempfile
import zipfile
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from millrace.discovery.errors import DiscoveryUnavailable, SnapshotLost
from millrace.platform import clients, settings

PREFIX = "index/"
# A function that has just read which one is the newest may still be about to fetch it.
KEPT = 3


def save(snapshot_id: str, folder: Path) -> int:
    """Store the folder of an index that nobody writes to, and return its size in bytes.

    Not compressed: a third of the size is not worth the time to unpack it at every cold start.
    """
    with tempfile.TemporaryFile() as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(folder.iterdir()):
                # Locks belong to processes.
                if path.suffix != ".lock":
                    archive.write(path, arcname=path.name)
        size_bytes = packed.tell()
        packed.seek(0)
        try:
            clients.s3().put_object(Bucket=_bucket(), Key=_key(snapshot_id), Body=packed)
        except (BotoCoreError, ClientError) as error:
            raise DiscoveryUnavailable from error
    return size_bytes


def load(snapshot_id: str, folder: Path) -> None:
    """Put a stored index into an empty folder; raises SnapshotLost where that can never succeed."""
    s3 = clients.s3()
    with tempfile.TemporaryFile() as packed:
        try:
            shutil.copyfileobj(s3.get_object(Bucket=_bucket(), Key=_key(snapshot_id))["Body"], packed)
        except s3.exceptions.NoSuchKey as error:
            raise SnapshotLost from error
        except (BotoCoreError, ClientError) as error:
            raise DiscoveryUnavailable from error
        try:
            with zipfile.ZipFile(packed) as archive:
                archive.extractall(folder)
        except zipfile.BadZipFile as error:
            raise SnapshotLost from error


def remove_old() -> None:
    """Delete all but the newest; their names sort by time."""
    s3 = clients.s3()
    try:
        found = s3.list_objects_v2(Bucket=_bucket(), Prefix=PREFIX).get("Contents", [])
        for old in sorted(item["Key"] for item in found)[:-KEPT]:
            s3.delete_object(Bucket=_bucket(), Key=old)
    except (BotoCoreError, ClientError) as error:
        raise DiscoveryUnavailable from error


def _key(snapshot_id: str) -> str:
    return f"{PREFIX}{snapshot_id}.zip"


def _bucket() -> str:
    return settings.require("DISCOVERY_BUCKET")

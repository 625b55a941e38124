"""Bring a ready version's captions in line with the record: their files, and the playlists that name them."""

from millrace.media.package import MAIN_PLAYLIST, MANIFEST
from millrace.platform import clients, settings
from millrace.videos import packaging
from millrace.videos.caption import FOLDER, Caption
from millrace.videos.model import Video
from millrace.videos.packaging import PLAYLIST_CACHING, Packaged
from millrace.videos.places import place_of
from millrace.videos.settling import objects

ENTRY_POINTS = (MAIN_PLAYLIST, MANIFEST)


def place(video: Video) -> None:
    """Place what the record names, and remove what it does not; idempotent. The caller holds the lease.

    Texts come before the playlists that name them and go after them, so no player is sent to what is not there.
    """
    folder, bucket = place_of(video).media_prefix(video.home), settings.require("MEDIA_BUCKET")
    there = {found.removeprefix(folder).rstrip("/") for found in objects.folders(bucket, folder + FOLDER)}
    if not there and not video.captions:
        return
    packaged = packaging.find(place_of(video))
    if packaged is None:
        # Packaged by an older release: its playlists cannot be written anew.
        return
    shown = packaging.put_captions(video, folder, packaged.plan, _whole(bucket, folder, there))
    if _write_playlists(folder, packaged, shown):
        objects.purge_paths([f"/{folder}{name}" for name in ENTRY_POINTS])
    for stale in there - {caption.folder for caption in shown}:
        objects.delete_folder(bucket, f"{folder}{stale}/")


def _whole(bucket: str, folder: str, there: set[str]) -> set[str]:
    """Return the folders of captions that were finished: their playlist is written last."""
    return {name for name in there if any(objects.keys(bucket, f"{folder}{name}/media.m3u8"))}


def _write_playlists(folder: str, packaged: Packaged, shown: list[Caption]) -> bool:
    """Write the playlists unless they say this already; return whether they did not."""
    files = packaging.playlists(packaged, shown)
    if all(_read(folder + name) == files[name] for name in ENTRY_POINTS):
        return False
    packaging.put_playlists(folder, files, PLAYLIST_CACHING)
    return True


def _read(key: str) -> str:
    found = clients.s3().get_object(Bucket=settings.require("MEDIA_BUCKET"), Key=key)
    return found["Body"].read().decode()

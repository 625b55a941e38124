"""Close what an ingest left open: parts that were shown become a segment, so that nothing acknowledged is lost."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from millrace.live.edge import store
from millrace.live.edge.model import Edge, EdgeSegment, Head, Segment, Shown, TrackSegment
from millrace.live.model import LiveSession
from millrace.live.places import LivePlace
from millrace.platform import clients, settings

# Parts of one segment: waiting is all of the work.
READS_AT_ONCE = 8
SEGMENT_TYPE = "video/iso.segment"
# Segments and parts never change under their names.
IMMUTABLE = "public, max-age=31536000, immutable"


def seal(session: LiveSession, epoch: int) -> Shown:
    """Complete and name every segment of which parts were shown, in the name of an epoch that fences others off.

    Idempotent: what is complete or named already is passed over. Where a track has nothing of a segment, the segment
    lacks it.
    """
    found = store.shown(session.session_id)
    edges = {name: _complete(session.place, edge, epoch) for name, edge in found.edges.items()}
    head = found.head
    for number in range(head.last_segment + 1, _newest(list(edges.values())) + 1):
        segment = _whole(number, edges)
        store.put_segment(session.session_id, epoch, segment)
        head = head.model_copy(update={"last_segment": number})
    return found.model_copy(update={"head": Head.model_validate(head), "edges": edges})


def _complete(place: LivePlace, edge: Edge, epoch: int) -> Edge:
    """Store the open segment of a track; one that has no part yet goes."""
    if not edge.tail or edge.tail[-1].is_complete:
        return edge
    last = edge.tail[-1]
    if not last.parts:
        sealed = edge.model_copy(update={"tail": edge.tail[:-1], "version": edge.version + 1, "epoch": epoch})
    else:
        _join(place, edge.track, last)
        sealed = edge.completed().model_copy(update={"epoch": epoch})
    store.put_edge(sealed)
    return sealed


def _join(place: LivePlace, track: str, segment: EdgeSegment) -> None:
    """Make the segment object of its parts."""
    s3, bucket = clients.s3(), settings.require("MEDIA_BUCKET")

    def read(number: int) -> bytes:
        return s3.get_object(Bucket=bucket, Key=place.part_key(track, number))["Body"].read()

    with ThreadPoolExecutor(READS_AT_ONCE) as threads:
        parts = list(threads.map(read, (part.number for part in segment.parts)))
    s3.put_object(
        Bucket=bucket,
        Key=place.segment_key(track, segment.period, segment.number),
        Body=b"".join(parts),
        ContentType=SEGMENT_TYPE,
        CacheControl=IMMUTABLE,
    )


def _newest(edges: Sequence[Edge]) -> int:
    return max((segment.number for edge in edges for segment in edge.tail if segment.is_complete), default=0)


def _whole(number: int, edges: dict[str, Edge]) -> Segment:
    """Return the segment with every track that has it; where none has, a hole before the next that there is."""
    complete = [
        (segment.number, name, segment)
        for name, edge in edges.items()
        for segment in edge.tail
        if segment.number >= number and segment.is_complete
    ]
    _, _, first = min(complete, key=lambda each: each[0])
    return Segment(
        number=number,
        period=first.period,
        program_date_time=first.program_date_time,
        tracks={name: TrackSegment.of(segment) for found, name, segment in complete if found == number},
    )

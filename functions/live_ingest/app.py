"""What ingests ask: sessions for publishers, beats, interruptions and ends. They bring the ingest's secret."""

from aws_lambda_powertools.metrics import MetricUnit

from millrace.channels.errors import ChannelSuspended, StreamKeyUnknown
from millrace.live import ingest_secret, ingesting
from millrace.live.errors import AlreadyLive, BadIngestSecret, LeaseLost, StreamGone
from millrace.live.ingest_messages import BeatInput, BeatView, GrantView, Held, SessionWish
from millrace.platform.http import Api, Visitor
from millrace.platform.ids import LiveSessionId
from millrace.platform.observability import metrics

api = Api("live_ingest")
handler = api.chalice

OF_A_SESSION = (BadIngestSecret, StreamGone, LeaseLost)


@api.route(
    "POST",
    "/api/ingest/sessions",
    status=201,
    tag="ingest",
    raises=[BadIngestSecret, StreamKeyUnknown, ChannelSuspended, AlreadyLive],
)
def open_session(body: SessionWish, visitor: Visitor) -> GrantView:
    """Open a session for a publisher with a stream key, or take over the one that waits for them."""
    ingest_secret.check(visitor)
    return GrantView.of(ingesting.open_session(body.stream_key, body.ingest_id))


@api.route("PUT", "/api/ingest/sessions/{session_id}/beat", tag="ingest", raises=OF_A_SESSION)
def beat(session_id: LiveSessionId, body: BeatInput, visitor: Visitor) -> BeatView:
    """Keep a session for some seconds more, and hear what its owner wants."""
    ingest_secret.check(visitor)
    session = ingesting.beat(session_id, body.told())
    if body.health is not None and body.health.upload_lag_ms is not None:
        metrics().add_metric("LiveUploadLag", MetricUnit.Milliseconds, body.health.upload_lag_ms)
    return BeatView.of(session)


@api.route("POST", "/api/ingest/sessions/{session_id}/interrupt", tag="ingest", raises=OF_A_SESSION)
def interrupt(session_id: LiveSessionId, body: Held, visitor: Visitor) -> BeatView:
    """Tell that the publisher is gone: the session waits for them, here or at another ingest."""
    ingest_secret.check(visitor)
    return BeatView.of(ingesting.interrupt(session_id, body.epoch))


@api.route("POST", "/api/ingest/sessions/{session_id}/end", tag="ingest", raises=OF_A_SESSION)
def end(session_id: LiveSessionId, body: Held, visitor: Visitor) -> BeatView:
    """End a session; repeating it changes nothing."""
    ingest_secret.check(visitor)
    return BeatView.of(ingesting.end_session(session_id, body.epoch))

"""What players send with a request for a playlist."""

from typing import Annotated

from pydantic import Field

from millrace.live.errors import StreamGone
from millrace.live.playlists.waiting import Directive, read_directive
from millrace.platform.http import ForeignInput, Visitor
from millrace.platform.http.address import is_from_distribution
from millrace.videos.model import Home


class Directives(ForeignInput):
    """Delivery directives (RFC 8216bis 6.2.5); what else players add to an address is not looked at."""

    hls_msn: Annotated[str | None, Field(alias="_HLS_msn", max_length=20, description="A segment to wait for.")] = None
    hls_part: Annotated[str | None, Field(alias="_HLS_part", max_length=20, description="A part of it.")] = None
    hls_skip: Annotated[
        str | None, Field(alias="_HLS_skip", max_length=20, description="YES: leave out what I know.")
    ] = None

    def directive(self) -> Directive:
        """Return what is asked for; raises BadDirective."""
        return read_directive(self.hls_msn, self.hls_part, self.hls_skip)


def home_of(text: str, visitor: Visitor) -> Home:
    """Read the second word of a playlist's address; raises StreamGone.

    Private playlists are opened by cookies, which the distribution checks: whoever goes round it gets nothing.
    """
    is_home = text in {home.value for home in Home}
    if not is_home or (text == Home.PRIVATE and not is_from_distribution(visitor.headers)):
        raise StreamGone(text)
    return Home(text)

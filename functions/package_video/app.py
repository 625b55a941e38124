"""Write the playlists and the manifest over the finished segments."""

from millrace.platform.steps import step
from millrace.transcode.package import package_video

handler = step(package_video)

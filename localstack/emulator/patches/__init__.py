"""What is changed in MiniStack, from outside: one module for each defect.

Each module says what upstream does, what we do instead and why. The regression tests in
``tests/integration/emulator`` run against our emulator and against the stock package, so that a defect that upstream
has repaired is noticed and its patch dropped.
"""

from emulator.objects.part_files import PartFiles
from emulator.patches import (
    cloudfront_keys,
    distributed_maps,
    embedded_metrics,
    event_retries,
    housekeeping,
    lambda_workers,
    layer_files,
    log_streams,
    openapi_import,
    proxy_failures,
    rest_api_id,
    resumed_executions,
    s3_reads,
    s3_uploads,
    saved_state,
    stopped_executions,
    table_ttl,
)
from emulator.settings import Settings
from emulator.workers.sandboxes import Sandboxes


def apply_all(settings: Settings, sandboxes: Sandboxes) -> None:
    """Change MiniStack's modules in place, before it serves.

    Raises UpstreamChanged when a patch finds nothing to change.
    """
    lambda_workers.apply(sandboxes)
    embedded_metrics.apply()
    event_retries.apply()
    log_streams.apply()
    proxy_failures.apply()
    openapi_import.apply()
    rest_api_id.apply()
    table_ttl.apply()
    cloudfront_keys.apply()
    s3_reads.apply()
    parts = PartFiles(settings.parts_dir)
    s3_uploads.apply(parts)
    layer_files.apply(settings)
    resumed_executions.apply(settings)
    distributed_maps.apply()
    stopped_executions.apply()
    housekeeping.apply(sandboxes.archives, parts)
    saved_state.apply(settings)

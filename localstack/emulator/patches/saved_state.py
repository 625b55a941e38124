"""State is saved while the emulator runs, so that it survives being killed.

Upstream saves at a clean shutdown only. Here all services are saved every few seconds. Each file is written aside and
renamed, by upstream's own ``save_state``.
"""

import logging
import threading
import time

from emulator import upstream
from emulator.settings import Settings


def apply(settings: Settings) -> None:
    """Start the thread that saves."""
    app = upstream.module("app")
    persistence = upstream.module("core.persistence")

    def save() -> None:
        while True:
            time.sleep(settings.save_interval_s)
            persistence.save_all(app._build_persistence_save_dict())

    # One line a service and save would drown everything else.
    logging.getLogger("persistence").setLevel(logging.WARNING)
    threading.Thread(target=save, name="save-state", daemon=True).start()

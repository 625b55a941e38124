"""The emulator's side of Lambda: unpacked archives, worker processes, and what they are told."""

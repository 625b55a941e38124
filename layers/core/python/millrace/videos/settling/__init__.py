"""What follows a change: the bus is told, media goes where it belongs, leftovers go, and schedules are kept."""

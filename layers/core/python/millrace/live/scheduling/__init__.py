"""Streams that are announced for an hour to come."""

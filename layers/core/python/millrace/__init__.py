"""Millrace: a video platform of serverless functions."""

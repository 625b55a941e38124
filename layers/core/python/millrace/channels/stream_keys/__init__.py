"""The secrets that streams come with."""

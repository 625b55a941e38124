"""Mails of accounts: what they say, when they are sent, and what their links allow."""

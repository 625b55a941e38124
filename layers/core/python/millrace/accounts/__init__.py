"""Accounts: who people are, how they prove it, and the tokens that say so."""

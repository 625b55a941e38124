"""Signing in with an account elsewhere: OAuth 2.0 with PKCE, and OpenID Connect on top where the provider has it."""

"""Sessions: who is signed in where, and the refresh tokens that keep it so."""

"""The items of the users table."""

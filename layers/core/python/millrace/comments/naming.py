"""Under which name somebody writes."""

from millrace.platform.ids import UserId


def name_of(user_id: UserId) -> str:
    """Return the name of an account as it is now; a comment keeps it."""
    # Imported here: only who writes needs it, and it loads what signing in needs.
    from millrace.accounts import service as accounts

    return accounts.profile(user_id).display_name

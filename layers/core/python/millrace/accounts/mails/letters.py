"""What the mails say."""

from millrace.platform.mail import Mail

# The token stands behind the #: browsers keep that to themselves, so no server's log and no other site gets it.
VERIFY_PAGE = "/verify-email#token="
RESET_PAGE = "/reset-password#token="


def verification(to: str, name: str, site_url: str, token: str) -> Mail:
    """Ask somebody to prove that the address is theirs."""
    text = f"""Hello {name},

please open this link to prove that this address is yours:

{site_url}{VERIFY_PAGE}{token}

It works once, for two days. If you have no account at {site_url}, somebody has mistyped their own address: do nothing.
"""
    return Mail(to, "Is this your address?", text)


def reset(to: str, name: str, site_url: str, token: str) -> Mail:
    """Let somebody set a new password."""
    text = f"""Hello {name},

somebody, probably you, has forgotten the password of your account. To set a new one, open this link:

{site_url}{RESET_PAGE}{token}

It works once, for one hour, and signs you out everywhere. If you did not ask for it, do nothing: your password stays.
"""
    return Mail(to, "Set a new password", text)


def password_changed(to: str, name: str, site_url: str) -> Mail:
    """Tell somebody that their password is another one now."""
    text = f"""Hello {name},

the password of your account at {site_url} has just been changed, and everything that was signed in was signed out.

If it was not you, set a new password at once: {site_url}/forgot-password
"""
    return Mail(to, "Your password was changed", text)

"""What can stop a use case of administration."""

from millrace.platform.errors import Forbidden, Unavailable


class NotAllowed(Forbidden):
    """The caller lacks the role that this asks for, or has it no longer."""

    slug = "role-missing"

    def __init__(self, role: str) -> None:
        super().__init__(f"Only who has the role {role} may do this.")
        self.role = role


class NotYourself(Forbidden):
    """Nobody decides about their own account."""

    slug = "not-yourself"

    def __init__(self) -> None:
        super().__init__("You cannot do this to your own account. Ask another admin.")


class AuditUnavailable(Unavailable):
    """The audit log does not answer, so nothing is done."""

    def __init__(self) -> None:
        super().__init__("The audit log cannot be reached, and without it nothing is changed. Please try again.")

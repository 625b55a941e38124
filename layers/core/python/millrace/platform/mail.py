"""Mail, sent by SES."""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from millrace.platform import clients, settings
from millrace.platform.errors import Unavailable
from millrace.platform.observability import logger

# What SES says of a message that it will never take, however often it is asked.
_FINAL = frozenset({"MessageRejected", "InvalidParameterValue"})


class MailUnavailable(Unavailable):
    """SES does not answer."""

    def __init__(self) -> None:
        super().__init__("Mail cannot be sent at the moment. Please try again.")


@dataclass(frozen=True, slots=True)
class Mail:
    """One plain text to one person."""

    to: str
    subject: str
    text: str


def send(mail: Mail) -> bool:
    """Send the mail and tell whether it was taken; raises MailUnavailable.

    Without `MAIL_SENDER` nothing is sent, and a warning says so: a platform may do without mail. Not idempotent.
    """
    sender = settings.optional("MAIL_SENDER")
    if not sender:
        logger().warning("mail not sent: the stack has no MailSender")
        return False
    try:
        clients.ses().send_email(
            Source=sender,
            Destination={"ToAddresses": [mail.to]},
            Message={
                "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _FINAL:
            raise MailUnavailable from error
        logger().warning("mail refused", code=error.response["Error"]["Code"])
        return False
    except BotoCoreError as error:
        raise MailUnavailable from error
    return True

"""One's own account beyond its name: the picture, a copy of all data, and going for good."""

from millrace.accounts import avatars, leaving
from millrace.accounts.access import authenticate
from millrace.accounts.cookies import cleared_cookies
from millrace.accounts.errors import AccountGone, AvatarMissing, AvatarRejected, SignInAgain, WrongCredentials
from millrace.accounts.messages import AvatarChoice, AvatarDraft, AvatarUpload, Deletion, Export, User
from millrace.platform.http import Access, Api, Caller, Empty, Reply
from millrace.platform.limits import per_account

api = Api("profile", authenticate)
handler = api.chalice


@api.route(
    "POST",
    "/api/users/me/avatar",
    status=201,
    access=Access.SIGNED_IN,
    tag="accounts",
    limits=[per_account("avatar", 20, 3600)],
)
def upload_avatar(body: AvatarDraft, caller: Caller) -> AvatarUpload:
    """Get an address that takes one picture of exactly this type and size. Safe to repeat: each is its own."""
    return avatars.begin(caller.user_id, body)


@api.route(
    "PUT",
    "/api/users/me/avatar",
    access=Access.SIGNED_IN,
    tag="accounts",
    raises=[AccountGone, AvatarMissing, AvatarRejected],
)
def publish_avatar(body: AvatarChoice, caller: Caller) -> User:
    """Show an uploaded picture, without what a camera wrote into it. Repeating it changes nothing."""
    return avatars.publish(caller.user_id, body.avatar_id)


@api.route("DELETE", "/api/users/me/avatar", access=Access.SIGNED_IN, tag="accounts", raises=[AccountGone])
def remove_avatar(caller: Caller) -> User:
    """Show no picture any more. Repeating it changes nothing."""
    return avatars.remove(caller.user_id)


@api.route("GET", "/api/users/me/export", access=Access.SIGNED_IN, tag="accounts", raises=[AccountGone])
def export_me(caller: Caller) -> Reply[Export]:
    """Get a copy of what is kept of one's account, and where to get the rest. Changes nothing."""
    headers = {"Content-Disposition": 'attachment; filename="account.json"'}
    return Reply(leaving.export(caller), headers=headers)


@api.route(
    "POST",
    "/api/users/me/deletion",
    status=204,
    access=Access.SIGNED_IN,
    tag="accounts",
    cookies=True,
    raises=[AccountGone, WrongCredentials, SignInAgain],
    limits=[per_account("deletion", 10, 900)],
)
def delete_me(body: Deletion, caller: Caller) -> Empty:
    """Delete one's account and everything that is one's own, for good. What fails half way can be asked for again."""
    leaving.delete(caller, body)
    return Empty(cookies=cleared_cookies())

"""Take-downs: nobody but the owner sees the video, with the reason; restored it is what its owner made it."""

from collections.abc import Callable

from millrace.platform.caller import Caller
from millrace.platform.ids import new_id
from millrace.videos import service as videos
from millrace.videos.details import Details
from millrace.videos.model import Video, Visibility
from tests.integration.administration.conftest import World
from tests.integration.gateway import Gateway, trusting

Person = Callable[..., Caller]


def make_video(owner: Caller, visibility: Visibility = Visibility.PUBLIC) -> Video:
    file = videos.NewFile("mill.mp4", 1000, "video/mp4")
    return videos.create(owner.user_id, None, Details(title="Mills"), file, visibility=visibility)


def test_a_taken_down_video_is_seen_by_its_owner_only_who_reads_the_reason(
    admin_api: Gateway, person: Person, world: World
) -> None:
    owner, viewer, moderator = person(), person("viewer"), person("moderator")
    video = make_video(owner)
    catalog = Gateway(trusting("catalog"))
    address, order = f"/api/videos/{video.video_id}", f"/api/admin/videos/{video.video_id}"

    answer = admin_api.call("POST", f"{order}/take-down", {"reason": "Not yours."}, caller=moderator)

    assert answer.status == 200, answer.body
    assert (answer.json["title"], answer.json["taken_down"]["by"]) == ("Mills", moderator.user_id)
    assert catalog.call("GET", address).status == 404
    assert catalog.call("GET", address, caller=viewer).status == 404
    seen = catalog.call("GET", address, caller=owner).json
    assert seen["owner"]["taken_down"]["reason"] == "Not yours."
    assert moderator.user_id not in str(seen), "the owner learns why, and not who"
    assert catalog.call("PATCH", address, {"title": "Up again"}, caller=owner).status in (200, 409)
    assert catalog.call("GET", address, caller=viewer).status == 404

    for _ in range(2):
        answer = admin_api.call("POST", f"{order}/restore", {"reason": "It is theirs."}, caller=moderator)
        assert answer.json["taken_down"] is None
    assert videos.visible(video.video_id, None).audience == video.audience
    actions = [entry["action"]["S"] for entry in world.entries() if entry["target"]["S"] == f"video:{video.video_id}"]
    assert sorted(actions) == ["restore_video", "restore_video", "take_video_down"]


def test_an_owner_cannot_restore_their_own_video_even_as_a_creator(admin_api: Gateway, person: Person) -> None:
    owner, moderator = person(), person("moderator")
    video = make_video(owner)
    address = f"/api/admin/videos/{video.video_id}"
    admin_api.call("POST", f"{address}/take-down", {"reason": "No."}, caller=moderator)
    assert admin_api.call("POST", f"{address}/restore", {"reason": "Yes."}, caller=owner).status == 403
    assert videos.owned(video.video_id, owner.user_id).taken_down is not None


def test_a_private_video_can_be_taken_down_and_an_absent_one_leaves_no_entry(
    admin_api: Gateway, person: Person, world: World
) -> None:
    moderator = person("moderator")
    hidden = make_video(person(), Visibility.PRIVATE)
    address = f"/api/admin/videos/{hidden.video_id}/take-down"
    assert admin_api.call("POST", address, {"reason": "No."}, caller=moderator).status == 200
    before = len(world.entries())
    address = f"/api/admin/videos/{new_id()}/take-down"
    assert admin_api.call("POST", address, {"reason": "No."}, caller=moderator).status == 404
    assert len(world.entries()) == before

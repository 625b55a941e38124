"""From a new account to its own private video in a real browser, by the mails that the platform sends."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from scripts.millrace_cli.mail import sent
from tests.e2e.browser.screen import Screen
from tests.e2e.conftest import TIMEOUT_S, Creator, Platform
from tests.media_fixtures import make_clip

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EMAIL = "miller@example.org"
FIRST_PASSWORD, SECOND_PASSWORD = "mill wheel and river", "a lock between two rivers"
MAIL_DEADLINE_S = 60


def link_of_mail(platform: Platform, subject: str) -> str:
    """Return the link of the mail, as soon as it is there."""
    deadline_s = time.monotonic() + MAIL_DEADLINE_S
    while time.monotonic() < deadline_s:
        for mail in sent(platform.emulator_url, EMAIL):
            found = re.search(r"https?://\S+#token=\S+", mail["text"])
            if mail["subject"] == subject and found:
                return found[0]
        time.sleep(0.3)
    raise AssertionError(f"no mail {subject!r}")


def sign_in(page: Page, password: str) -> None:
    """Fill in the form and send it."""
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


def private_video(platform: Platform, folder: Path) -> dict[str, Any]:
    """Upload a video as a program of the account would."""
    body = {"email": EMAIL, "password": FIRST_PASSWORD}
    answer = requests.post(f"{platform.edge_url}/api/auth/sign-in", json=body, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    owner = Creator(platform, answer.json()["access_token"])
    clip = make_clip(folder / "mine.mp4", seconds=6, size=(426, 240), rate=25)
    return owner.wait(owner.upload(clip, title="Mine alone", visibility="private"))


def test_a_new_account_comes_to_its_private_video_by_mails_and_pages(
    platform: Platform, screen: Screen, tmp_path: Path
) -> None:
    page, site = screen.page, platform.edge_url
    heading = page.get_by_role("heading", level=1)

    page.goto(f"{site}/create-account")
    page.get_by_label("Name").fill("The miller")
    page.get_by_label("Email address").fill("miller")
    page.get_by_label("Password").fill("password12")
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("#email-wrong")).not_to_be_empty()
    expect(page.locator("#password-wrong")).to_contain_text("too easy to guess")
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_label("Password").fill(FIRST_PASSWORD)
    page.keyboard.press("Enter")
    expect(heading).to_have_text("Your account is ready")
    expect(page.get_by_role("banner")).to_contain_text("Signed in as The miller")

    page.goto(link_of_mail(platform, "Is this your address?"))
    page.get_by_role("button", name="Confirm my address").click()
    expect(heading).to_have_text("Your address is confirmed")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()

    video = private_video(platform, tmp_path)
    page.goto(f"{site}/forgot-password")
    page.get_by_label("Email address").fill(EMAIL)
    page.keyboard.press("Enter")
    expect(heading).to_have_text("Look at your mail")
    page.goto(link_of_mail(platform, "Set a new password"))
    page.get_by_label("New password").fill(SECOND_PASSWORD)
    page.keyboard.press("Enter")
    expect(heading).to_have_text("Your new password is set")

    watch_url = f"{site}/watch/{video['video_id']}"
    page.goto(watch_url)
    expect(heading).to_have_text("No video here")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page, FIRST_PASSWORD)
    expect(page.get_by_role("alert")).to_have_text("The email address or the password is not right.")
    sign_in(page, SECOND_PASSWORD)
    page.wait_for_url(watch_url)
    screen.wait_state("paused", "playing")
    screen.play()
    screen.wait_position(2)

    # A quarter of an hour later the browser has let go of the access token.
    page.context.clear_cookies(name="millrace_access")
    screen.open(watch_url)
    expect(page.get_by_role("banner")).to_contain_text("The miller")

"""The pages about one's account, in a real browser: where mails, providers and the header lead."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.accounts import ACCESS, EMAIL, MAIL_TOKEN, PASSWORD
from tests.e2e.browser.origin import VIDEO_ID, Origin
from tests.e2e.browser.screen import Screen

pytestmark = pytest.mark.browser

NEW_PASSWORD = "a lock between two rivers"


@pytest.fixture(autouse=True)
def obeys_its_policy(page: Page) -> Iterator[None]:
    """Fail the test where its last page did something against the Content-Security-Policy."""
    yield
    assert page.evaluate("globalThis.screenNotes?.violations ?? []") == []


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form and send it with the keyboard."""
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


def wait_heading(page: Page, words: str) -> None:
    """Wait for the page's heading."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def test_the_header_leads_to_signing_in_and_back(origin: Origin, page: Page) -> None:
    origin.add_video()
    page.goto(origin.watch_url)
    page.get_by_role("link", name="Sign in").click()
    wait_heading(page, "Sign in")
    sign_in(page)
    page.wait_for_url(origin.watch_url)
    expect(page.get_by_role("banner")).to_contain_text("Signed in as Ada Lovelace")
    assert origin.accounts.bodies[-1] == {"email": EMAIL, "password": PASSWORD, "transport": "cookies"}


def test_who_never_signed_in_is_not_asked_for(origin: Origin, page: Page) -> None:
    page.goto(origin.url)
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    assert not [asked for asked in origin.asked if "/api/" in asked]


@pytest.mark.parametrize(
    "return_to",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/%09/evil.example", "javascript:alert(1)"],
)
def test_nobody_is_sent_to_another_site(origin: Origin, page: Page, return_to: str) -> None:
    page.goto(f"{origin.url}/sign-in?return_to={return_to}")
    sign_in(page)
    wait_heading(page, "Video that you own")
    assert page.url == f"{origin.url}/"


def test_a_wrong_password_is_told_and_can_be_corrected(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/sign-in")
    sign_in(page, "not the right one")
    expect(page.get_by_role("alert")).to_have_text("The email address or the password is not right.")
    sign_in(page)
    page.wait_for_url(f"{origin.url}/")


def test_empty_fields_are_told_without_asking_the_api(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/sign-in")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Enter your email address.")).to_be_visible()
    expect(page.get_by_label("Email address")).to_be_focused()
    expect(page.get_by_label("Email address")).to_have_attribute("aria-invalid", "true")
    assert "POST /api/auth/sign-in" not in origin.asked


def test_refusals_are_told_in_plain_words(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/sign-in")
    origin.accounts.limit_wait_s = 840
    sign_in(page)
    expect(page.get_by_role("alert")).to_have_text("That was too often. Try again in 14 minutes.")
    origin.accounts.limit_wait_s = None
    origin.accounts.suspended_for = "It sold watches in comments."
    sign_in(page)
    expect(page.get_by_role("alert")).to_have_text("This account is suspended: It sold watches in comments.")
    origin.faults["sign-in"] = 503
    sign_in(page)
    expect(page.get_by_role("alert")).to_contain_text("does not work at the moment")


def test_a_private_video_plays_after_signing_in_and_goes_with_signing_out(origin: Origin, screen: Screen) -> None:
    page = screen.page
    origin.add_video(visibility="private")
    origin.is_owned, origin.cookie = True, "first"
    page.goto(origin.watch_url)
    wait_heading(page, "No video here")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page)
    page.wait_for_url(origin.watch_url)
    screen.wait_state("paused", "playing")
    screen.play()
    screen.wait_position(1)
    page.get_by_role("button", name="Sign out").click()
    wait_heading(page, "No video here")
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def test_a_lapsed_access_token_is_renewed_unnoticed(origin: Origin, screen: Screen) -> None:
    page = screen.page
    origin.add_video(visibility="private")
    origin.is_owned, origin.cookie = True, "first"
    page.goto(f"{origin.url}/sign-in")
    sign_in(page)
    page.wait_for_url(f"{origin.url}/")
    page.context.clear_cookies(name=ACCESS)
    origin.asked.clear()
    screen.open(origin.watch_url)
    expect(page.get_by_role("banner")).to_contain_text("Ada Lovelace")
    assert origin.asked.count("POST /api/auth/refresh") == 1


def test_a_session_that_is_over_is_forgotten(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/sign-in")
    sign_in(page)
    page.wait_for_url(f"{origin.url}/")
    page.context.clear_cookies()
    page.reload()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    origin.asked.clear()
    page.reload()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    assert not [asked for asked in origin.asked if "/api/" in asked]


def test_an_account_is_made_and_goes_on_where_it_began(origin: Origin, page: Page) -> None:
    origin.add_video()
    page.goto(origin.watch_url)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Create account").click()
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Email address").fill("taken@example.org")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("A password has 10 to 128 characters.")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("There is an account with this email address already.")
    page.get_by_label("Email address").fill("grace@example.org")
    page.keyboard.press("Enter")
    wait_heading(page, "Your account is ready")
    expect(page.get_by_role("main")).to_contain_text("grace@example.org")
    expect(page.get_by_role("banner")).to_contain_text("Signed in as Grace")
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url(origin.watch_url)


def test_the_link_of_a_mail_proves_the_address_when_a_person_says_so(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/verify-email#token={MAIL_TOKEN}")
    wait_heading(page, "Confirm your email address")
    assert not origin.accounts.is_verified
    page.get_by_role("button", name="Confirm my address").click()
    wait_heading(page, "Your address is confirmed")
    assert origin.accounts.is_verified
    assert page.url == f"{origin.url}/verify-email"


def test_a_used_link_leads_to_another_mail(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/verify-email#token=old")
    page.get_by_role("button", name="Confirm my address").click()
    wait_heading(page, "This link does not work")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page)
    page.wait_for_url(f"{origin.url}/verify-email")
    page.get_by_role("button", name="Send another mail").click()
    wait_heading(page, "Look at your mail")
    assert origin.accounts.mails == [EMAIL]
    # The next mail's link, opened in the same tab, is another fragment only.
    page.goto(f"{origin.url}/verify-email#token={MAIL_TOKEN}")
    page.get_by_role("button", name="Confirm my address").click()
    wait_heading(page, "Your address is confirmed")


def test_a_forgotten_password_is_replaced(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email address").fill(EMAIL)
    page.keyboard.press("Enter")
    wait_heading(page, "Look at your mail")
    expect(page.get_by_role("main")).to_contain_text(f"If there is an account for {EMAIL}")
    page.goto(f"{origin.url}/reset-password#token={MAIL_TOKEN}")
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.keyboard.press("Enter")
    wait_heading(page, "Your new password is set")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page, NEW_PASSWORD)
    page.wait_for_url(f"{origin.url}/")


@pytest.mark.parametrize("fragment", ["", "#token=", "#token=used"])
def test_a_reset_link_that_does_not_do_leads_to_a_new_one(origin: Origin, page: Page, fragment: str) -> None:
    page.goto(f"{origin.url}/reset-password{fragment}")
    if fragment == "#token=used":
        page.get_by_label("New password").fill(NEW_PASSWORD)
        page.keyboard.press("Enter")
    wait_heading(page, "This link does not work")
    page.get_by_role("link", name="Send me a link").click()
    wait_heading(page, "Forgot your password?")


def test_a_provider_signs_in_and_leads_back(origin: Origin, page: Page) -> None:
    origin.add_video()
    origin.accounts.providers = [{"provider": "google", "label": "Google"}, {"provider": "corp", "label": "Corp"}]
    origin.accounts.provider_page = f"{origin.url}/elsewhere"
    page.goto(f"{origin.url}/sign-in?return_to=/watch/{VIDEO_ID}")
    expect(page.get_by_role("button", name="Sign in with Corp")).to_be_visible()
    page.get_by_role("button", name="Sign in with Google").click()
    page.wait_for_url(f"{origin.url}/elsewhere")
    back = origin.accounts.bodies[-1]["return_to"]
    # What the callback does: a session, and the way back.
    page.context.add_cookies([{"name": ACCESS, "value": "good", "url": origin.url}])
    page.goto(origin.url + back)
    page.wait_for_url(origin.watch_url)
    expect(page.get_by_role("banner")).to_contain_text("Ada Lovelace")


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("oauth-denied", "The provider did not sign you in."),
        ("constructor", "Signing in did not work. Please try again."),
    ],
)
def test_a_provider_that_refuses_is_told(origin: Origin, page: Page, slug: str, words: str) -> None:
    page.goto(f"{origin.url}/sign-in?return_to=/watch/{VIDEO_ID}&sign_in_error={slug}")
    expect(page.get_by_role("alert").first).to_have_text(words)


def test_an_account_elsewhere_is_linked_by_the_password(origin: Origin, page: Page) -> None:
    origin.add_video()
    origin.accounts.providers = [{"provider": "google", "label": "Google"}]
    origin.accounts.is_link_pending = True
    page.goto(f"{origin.url}/sign-in/link?return_to=%2Fsign-in%3Freturn_to%3D%252Fwatch%252F{VIDEO_ID}")
    wait_heading(page, "Is this your account?")
    expect(page.get_by_role("main")).to_contain_text(EMAIL)
    page.get_by_label("Password of the account here").fill("wrong")
    page.get_by_role("button", name="Link with Google").click()
    expect(page.get_by_role("alert")).to_contain_text("is not right")
    page.get_by_label("Password of the account here").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(origin.watch_url)


def test_a_link_that_nothing_waits_for_says_so(origin: Origin, page: Page) -> None:
    page.goto(f"{origin.url}/sign-in/link")
    expect(page.get_by_role("main")).to_contain_text("There is nothing to link")


@pytest.mark.parametrize("width_px", [360, 1280])
def test_no_account_page_is_wider_than_the_screen(origin: Origin, page: Page, width_px: int) -> None:
    page.set_viewport_size({"width": width_px, "height": 800})
    origin.accounts.name = "Donaudampfschifffahrtsgesellschaft" * 2
    origin.accounts.providers = [{"provider": "corp", "label": "Corporation of many words"}]
    origin.accounts.is_link_pending = True
    page.goto(f"{origin.url}/sign-in")
    sign_in(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    paths = ("/sign-in/link", "/create-account", "/forgot-password", "/reset-password#token=x", "/verify-email#token=x")
    for path in paths:
        page.goto(origin.url + path)
        page.get_by_role("button", name=re.compile("Link|Create|Send|Set|Confirm")).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width_px, path
        expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)

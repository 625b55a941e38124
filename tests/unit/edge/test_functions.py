"""CloudFront Functions in QuickJS."""

import pytest

from edge.functions import FunctionFailed, FunctionReply, on_viewer_request, on_viewer_response
from edge.headers import every, first
from edge.model import Distribution, EdgeFunction
from edge.viewer import ViewerRequest
from tests.unit.edge.viewers import request

DISTRIBUTION = Distribution("E1", "d1.cloudfront.net")


def _run(code: str, asked: ViewerRequest | None = None) -> ViewerRequest | FunctionReply:
    return on_viewer_request(EdgeFunction("arn:f", code), DISTRIBUTION, asked or request(), "id")


def _changed(code: str, asked: ViewerRequest) -> ViewerRequest:
    result = _run(code, asked)
    assert isinstance(result, ViewerRequest)
    return result


def test_what_a_function_does_not_touch_comes_out_as_it_went_in() -> None:
    asked = request("http://localhost/a%20b?x=%2F&y=1&y=2&flag", cookie="a=1; b=2", accept="x")
    changed = _changed("function handler(event) { return event.request; }", asked)
    assert (changed.path, changed.query) == ("/a%20b", "x=%2F&y=1&y=2&flag=")
    assert set(changed.headers) == set(asked.headers)


def test_a_function_sees_the_event_that_aws_documents() -> None:
    code = """
    async function handler(event) {
      const seen = [event.version, event.context.eventType, event.context.distributionId, event.viewer.ip,
        event.request.method, event.request.uri, event.request.querystring.q.value,
        event.request.querystring.m.multiValue.length, event.request.headers.host.value,
        event.request.cookies.session.value, event.request.headers.cookie === undefined];
      return {statusCode: 200, body: seen.join(' ')};
    }"""
    reply = _run(code, request("http://localhost:8080/a?q=1&m=1&m=2", cookie="session=s"))
    assert isinstance(reply, FunctionReply)
    assert reply.body == b"1.0 viewer-request E1 127.0.0.1 GET /a 1 2 localhost:8080 s true"


def test_a_function_rewrites_the_request() -> None:
    code = """
    function handler(event) {
      var r = event.request;
      r.uri = '/index.html';
      r.querystring = {page: {value: '2'}};
      r.headers['x-added'] = {value: 'yes'};
      r.headers['host'] = {value: 'evil'};
      delete r.headers['accept'];
      r.cookies = {only: {value: 'one'}};
      return r;
    }"""
    changed = _changed(code, request("http://localhost/a?x=1", accept="x", cookie="a=1"))
    assert (changed.path, changed.query, first(changed.headers, "x-added")) == ("/index.html", "page=2", "yes")
    assert (every(changed.headers, "host"), first(changed.headers, "accept")) == (["localhost"], None)
    assert first(changed.headers, "cookie") == "only=one"


def test_a_redirect_with_cookies() -> None:
    code = """
    function handler(event) {
      return {statusCode: 302, statusDescription: 'Found', headers: {location: {value: '/new'}},
        cookies: {a: {value: '1', attributes: 'Path=/; Secure', multiValue: [
          {value: '1', attributes: 'Path=/; Secure'}, {value: '2'}]}},
        body: {encoding: 'base64', data: 'aGk='}};
    }"""
    reply = _run(code)
    assert isinstance(reply, FunctionReply)
    assert (reply.status, reply.body, first(reply.headers, "location")) == (302, b"hi", "/new")
    assert every(reply.headers, "set-cookie") == ["a=1; Path=/; Secure", "a=2"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("function handler(event) { while (true) {} }", 503),
        ("async function handler(event) { while (true) { await 1; } }", 503),
        ("function handler(event) { return new Promise(() => {}); }", 502),
        ("function handler(event) { throw new Error('x'); }", 503),
        ("function handler(event) { function f() { f(); } f(); }", 503),
        ("function handler(event) { let a = []; while (true) a.push(new Array(1000)); }", 503),
        ("function handler(event) { return event.request", 503),
        ("var nothing;", 503),
        ("function handler(event) { return 5; }", 502),
        ("function handler(event) { return {}; }", 502),
        ("function handler(event) { return {statusCode: 99}; }", 502),
        ("function handler(event) { event.request.uri = 'x'; return event.request; }", 502),
        ("function handler(event) { return {statusCode: 200, body: 'x'.repeat(50000)}; }", 502),
        (
            "function handler(event) { return {statusCode: 200, headers: 5, body: {encoding: 'base64', data: '='}}; }",
            502,
        ),
        ("function handler(event) { require('fs'); }", 503),
        ("function handler(event) { return fetch('http://169.254.169.254/'); }", 503),
    ],
)
def test_a_function_that_fails_is_stopped_and_named(code: str, status: int) -> None:
    with pytest.raises(FunctionFailed, match="arn:f") as caught:
        _run(code)
    assert caught.value.status == status


def test_nothing_survives_from_one_call_to_the_next() -> None:
    code = "var n = 0; function handler(event) { n++; return {statusCode: 200, body: String(n)}; }"
    replies = [_run(code) for _ in range(2)]
    assert [reply.body for reply in replies if isinstance(reply, FunctionReply)] == [b"1", b"1"]


def test_an_answer_is_changed_but_its_length_is_not() -> None:
    code = """
    function handler(event) {
      var r = event.response;
      r.headers['cache-control'] = {value: 'no-cache'};
      r.headers['content-length'] = {value: '5'};
      r.cookies.added = {value: 'x', attributes: 'Secure'};
      return r;
    }"""
    before = FunctionReply(200, (("content-length", "10"), ("set-cookie", "a=1; Path=/")))
    after = on_viewer_response(EdgeFunction("arn:f", code), DISTRIBUTION, request(), before, "id")
    assert (after.status, after.body) == (200, None)
    assert every(after.headers, "content-length") == ["10"]
    assert first(after.headers, "cache-control") == "no-cache"
    assert every(after.headers, "set-cookie") == ["a=1; Path=/", "added=x; Secure"]

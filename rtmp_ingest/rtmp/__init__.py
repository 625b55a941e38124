"""RTMP and RTMPS for publishers: our own server, small and strict (ADR 16).

    server = await serve(ServerSettings(port=1935), on_publish)

`on_publish(publisher)` is asked before the first byte of media is accepted, and answers with a `Sink` or a
`Refusal`. The sink gets every tag as it came; `clock` puts timestamps right that jump.
"""

"""Keep the platform's processes running, and stop them all.

One small process of its own session, without a terminal, starts what it is told to over a Unix socket, restarts what
dies, bounds the logs and writes `supervisor.json`. Whoever comes after a crash finds there which processes are ours.
"""

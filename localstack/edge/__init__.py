"""The local stand-in for CloudFront: serves the distribution that is deployed, as CloudFront would.

It reads distributions, policies, functions and keys from the CloudFront API of the emulator and needs nothing
else of ours: any stack with a distribution can be looked at through it. `python -m edge --help` says how to run it.
"""

"""What runs inside a worker process: it loads one function's handler and calls it again and again.

Only the standard library may be imported here, and as little of it as can be: this is the cold start.
"""

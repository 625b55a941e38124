"""What AWS charges: list prices of us-east-1 in millionths of a dollar, without free tiers or discounts.

As known in November 2026, not read again that day: AWS Lambda (x86), AWS Step Functions (Standard) and Amazon S3
(Standard). Compare them with the pages below before you quote them.
"""

from typing import Final

SOURCES: Final = (
    "https://aws.amazon.com/lambda/pricing/",
    "https://aws.amazon.com/step-functions/pricing/",
    "https://aws.amazon.com/s3/pricing/",
)
LAMBDA_GB_S: Final = 16.6667
LAMBDA_REQUEST: Final = 0.2
# Of /tmp, beyond the 512 MB that come with every function.
LAMBDA_SCRATCH_GB_S: Final = 0.0309
TRANSITION: Final = 25.0
S3_PUT: Final = 5.0
S3_GET: Final = 0.4
S3_GB_MONTH: Final = 23_000.0

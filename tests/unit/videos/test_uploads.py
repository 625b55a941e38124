"""Part sizes stay within what S3 takes, for any file that we take."""

from hypothesis import given
from hypothesis import strategies as st

from millrace.videos.film import MAX_UPLOAD_BYTES
from millrace.videos.uploads import MAX_PARTS, PART_SIZE_BYTES, part_size_for

MIB = 1024**2
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
S3_PART_MIN_BYTES = 5 * MIB
S3_PART_MAX_BYTES = 5 * 1024 * MIB


@given(st.integers(min_value=1, max_value=MAX_UPLOAD_BYTES))
def test_every_file_fits_into_the_parts_that_s3_takes(size_bytes: int) -> None:
    part_bytes = part_size_for(size_bytes)
    assert S3_PART_MIN_BYTES <= part_bytes <= S3_PART_MAX_BYTES
    assert part_bytes % MIB == 0
    assert -(-size_bytes // part_bytes) <= MAX_PARTS


def test_ordinary_files_have_ordinary_parts() -> None:
    assert part_size_for(2 * 1024**3) == PART_SIZE_BYTES

"""Shapes that take more than a pattern."""

import pytest

from mistakes.shapes import bucket_problem, is_loopback


@pytest.mark.parametrize(
    "name", ["abc", "my-bucket-1", "a" * 63, "1a2", "strongroom-custody-1-dev"]
)
def test_a_bucket_name_of_s3_s_is_taken(name: str) -> None:
    assert bucket_problem(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a" * 64, "Abc", "a_b", "-ab", "ab-", ".ab", "a.b", "192.168.5.4", "xn--ab", "sthree-ab",
     "amzn-s3-demo-x", "ab-s3alias", "ab--ols-s3", "ab--x-s3", "ab--table-s3", "abc\n"],
)  # fmt: skip
def test_any_other_bucket_name_is_refused(name: str) -> None:
    assert bucket_problem(name) is not None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:5555", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:1", True),
        ("http://localhost:1", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("nothing", False),
        ("http://[", False),
    ],
)
def test_loopback_is_this_machine_only(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected

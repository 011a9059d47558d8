"""YAML as editors read it, with lines."""

import pytest

from mistakes.document import Document, parse, show


def test_values_have_the_types_of_yaml_1_2() -> None:
    text = "a: [1, 0x1f, -2.5, true, no, ~, 1:30, 2024-01-01, '5', \"true\", 1e3, !!str 7, 0o17]\n"

    assert parse(text, "f").value == {
        "a": [1, 31, -2.5, True, "no", None, "1:30", "2024-01-01", "5", "true", 1000.0, "7", 15]
    }


def test_every_value_has_its_line_and_what_is_absent_the_line_around_it() -> None:
    document = parse("a:\n  b:\n  - 1\n  - c: 2\n", "f")

    assert document.line(("a", "b", 1, "c")) == 4
    assert document.line(("a", "b", 0)) == 3
    assert document.line(("a", "b", 7)) == 2
    assert document.line(("z",)) is None


def test_the_first_of_two_equal_keys_counts_and_keeps_its_lines() -> None:
    document = parse("a:\n  b: 1\na:\n  b: 2\n  c: 3\n", "f")

    assert document.value == {"a": {"b": 1}}
    assert document.lines == {("a",): 1, ("a", "b"): 2}
    assert [str(each) for each in document.mistakes] == [
        "f:3: a stands on line 1 already; keep one of them"
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "a: b\n c: d: e",
            "f:2: isn't readable YAML (mapping values are not allowed in this context)",
        ),
        ("a: &x 1\nb: *x\n", "f:1: anchors and aliases aren't understood; write the value out"),
        ("a:\n- !!binary x\n", "f:2: this YAML tag isn't understood; delete it"),
        ("a: 1\nb: \x00\n", "f:2: a character stands here that YAML forbids; delete it"),
        ("[a]: 1\n", "f:1: a key is no plain text; write a name before the colon"),
        ("a: 1\n---\nb: 2\n", "f:2: a second YAML document starts here; delete the `---`"),
        ("[" * 100_000, "f:1: is nested too deeply; write it flat"),
        ("a: {b: [\n", "f:1: isn't readable YAML"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(text: str, says: str) -> None:
    document = parse(text, "f")

    assert not document.readable
    assert str(document.mistakes[0]).startswith(says)


@pytest.mark.parametrize("key", ["1", "true", "~", "1.5"])
def test_a_key_that_yaml_reads_as_no_text_must_be_quoted(key: str) -> None:
    document = parse(f"{key}: x\n", "f")

    assert len(document.mistakes) == 1
    assert document.mistakes[0].cure == "write it in quotes"


def test_a_huge_number_is_no_problem() -> None:
    assert parse(f"a: {'9' * 5000}\n", "f").readable


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("secrets", "mail", "password"), "secrets.mail.password"),
        (("server", "ports", 1), "server.ports[1]"),
        (("secrets", "../x"), 'secrets."../x"'),
        (("a", "b\nc\x1b"), 'a."b\\nc\\x1b"'),
        (("x" * 100,), f'"{"x" * 60}..."'),
    ],
)
def test_a_path_is_shown_on_one_line(path: tuple[str | int, ...], expected: str) -> None:
    assert show(path) == expected


def test_an_empty_file_has_no_value() -> None:
    assert parse("# nothing\n", "f") == Document(file="f", value=None, lines={})

import base64
import json

import pytest

from sandbox.plugins.kubernetes.refusal import status_refusal, unquoted, without


def refused(status: int, hidden: dict[str, object] | None = None, **body: object) -> str:
    return status_refusal("apply", "Secret shop/mail", status, json.dumps(body), hidden or {})


def test_a_conflict_says_who_owns_which_field() -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "field": ".data.a",
        "message": 'conflict with "helm"',
    }
    told = refused(409, details={"causes": [cause]})
    assert 'Secret shop/mail has fields that are another\'s: .data.a: conflict with "helm"' in told
    assert "pulumi.com/patchForce" in told


def test_the_servers_reason_is_one_line() -> None:
    told = refused(403, message="no\n  right")
    assert told == "the Kubernetes API server refuses to apply Secret shop/mail (403): no right"


@pytest.mark.parametrize("form", [str, lambda text: base64.b64encode(text.encode()).decode()])
def test_no_secret_is_in_it_plain_or_encoded(form: object) -> None:
    assert callable(form)
    told = refused(400, {"data": {"p": "hunter22\nline2"}}, message=f"bad {form('hunter22')!r}")
    assert "hunter22" not in told
    given = base64.b64encode(b"hunter22").decode()
    assert "hunter22" not in refused(400, {"data": {"p": given}}, message="decoded hunter22")


def test_of_causes_about_secrets_only_field_and_reason_are_told() -> None:
    cause = {"reason": "FieldValueInvalid", "field": "data[a]", "message": 'Invalid value: "abc"'}
    told = refused(
        422, {"data": {"a": "x"}}, message='Invalid value: "abc"', details={"causes": [cause]}
    )
    assert "data[a]: FieldValueInvalid" in told
    assert "abc" not in told


def test_an_answer_that_is_no_json_is_no_reason() -> None:
    assert "gives no reason" in status_refusal("read", "Pod a", 500, b"<html>", {})


def test_the_longest_secret_goes_first() -> None:
    assert without("abcdefgh", ["abcd", "abcdefgh"]) == "[secret]"


def test_a_secret_is_blotted_out_however_it_is_capitalised() -> None:
    assert without('Service "HUNTER-22" is', {"a": "hunter-22"}) == 'Service "[secret]" is'


def test_quoted_values_are_left_out() -> None:
    text = r'spec.x: Invalid value: "a\"b c": must be; spec.y: Invalid value: 70000: too big'
    assert unquoted(text) == (
        "spec.x: Invalid value: [left out]: must be; spec.y: Invalid value: [left out] too big"
    )

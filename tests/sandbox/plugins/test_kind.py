import json

import pytest

from sandbox.plugins.aws.kinds import same_document
from sandbox.plugins.kind import same, same_json, same_set, snake
from sandbox.plugins.vault.table import KINDS


@pytest.mark.parametrize("empty", [None, "", 0, False, [], {}, {"a": None}])
def test_what_is_empty_is_absent(empty: object) -> None:
    assert same(empty, None)
    assert not same(empty, "x")


def test_order_counts_in_lists_and_not_in_sets() -> None:
    assert not same(["a", "b"], ["b", "a"])
    assert same_set(["a", "b"], ["b", "a"])
    assert not same_set(["a"], ["a", "b"])


def test_json_is_compared_by_what_it_says() -> None:
    assert same_json('{"a": 1, "b": 2}', '{"b":2,"a":1}')
    assert not same_json('{"a": 1}', '{"a": 2}')
    assert not same_json("no json", '{"a": 2}')


def document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def test_one_item_is_a_list_of_one_in_an_iam_document() -> None:
    one = document(Action="s3:GetObject", Principal={"AWS": "a"})
    listed = document(Action=["s3:GetObject"], Principal={"AWS": ["a"]})
    assert same_document(one, listed)


def test_the_order_of_actions_does_not_count_but_each_action_does() -> None:
    assert same_document(document(Action=["a", "b"]), document(Action=["b", "a"]))
    assert not same_document(document(Action=["a", "b"]), document(Action=["a"]))


def test_another_effect_is_another_document() -> None:
    assert not same_document(document(Action="a"), document(Action="a", Effect="Deny"))


def test_a_single_address_is_the_same_with_and_without_its_length() -> None:
    role = KINDS["vault:jwt/authBackendRole:AuthBackendRole"].properties["tokenBoundCidrs"]
    assert role.same(["127.0.0.1"], ["127.0.0.1/32"])
    assert not role.same(["127.0.0.1"], ["127.0.0.0/8"])


def test_a_duration_is_the_same_however_it_is_written() -> None:
    tune = KINDS["vault:index/authBackend:AuthBackend"].properties["tune"]
    assert tune.same({"defaultLeaseTtl": "3600s", "maxLeaseTtl": "5s"}, {"defaultLeaseTtl": "1h"})
    assert not tune.same({"defaultLeaseTtl": "3600s"}, {"defaultLeaseTtl": "1h30m"})


def test_names_are_vaults_in_snake_case() -> None:
    assert (
        snake("boundServiceAccountNamespaceSelector") == "bound_service_account_namespace_selector"
    )

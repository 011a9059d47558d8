"""The fixture itself: every other test of what is declared rests on it."""

import pulumi
import pulumi_aws as aws
import pytest

from tests.conftest import Declare, Resource


class Pair(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strongroom:test:Pair", name, {}, opts)
        provider = aws.Provider(
            f"{name}-aws", region="eu-central-1", opts=pulumi.ResourceOptions(parent=self)
        )
        options = pulumi.ResourceOptions(
            parent=self,
            provider=provider,
            protect=True,
            delete_before_replace=True,
            replacement_trigger="7",
            aliases=[pulumi.Alias(name="old")],
        )
        self.user = aws.iam.User(f"{name}-user", name=name, opts=options)
        self.key = aws.iam.AccessKey(
            f"{name}-key",
            user=self.user.name,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[provider]),
        )
        self.register_outputs({})


def test_options_arrive_as_the_engine_sees_them(declare: Declare) -> None:
    declared = declare(lambda: Pair("pair"))

    user = declared.resource("aws:iam/user:User")
    assert (user.parent, user.provider, user.protect) == ("pair", "pair-aws", True)
    assert user.delete_before_replace is True
    assert user.replacement_trigger == "7"
    assert user.aliases == ("old",)
    component = declared.resource("strongroom:test:Pair")
    assert (component.parent, component.custom, component.protect) == (None, False, False)
    assert component.delete_before_replace is None


def test_dependencies_are_named_whole_and_by_property(declare: Declare) -> None:
    declared = declare(lambda: Pair("pair"))

    key = declared.resource("aws:iam/accessKey:AccessKey", "pair-key")
    assert key.dependencies == {"pair-user", "pair-aws"}
    assert key.property_dependencies == {"user": {"pair-user"}}


def test_secrets_are_marked_and_stay_secret_behind_the_engine(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        user = aws.iam.User("user", name=pulumi.Output.secret("hidden"), tags={"open": "yes"})
        return user.name

    declared = declare(program)

    user = declared.resource("aws:iam/user:User")
    assert user.inputs["name"] == "hidden"
    assert user.secrets == {"name"}
    assert (declared.result, declared.result_is_secret) == ("hidden", True)


def test_outputs_that_a_provider_calls_secret_are_secret(declare: Declare) -> None:
    def outputs(resource: Resource) -> dict[str, str]:
        return {"id": "AKIA", "secret": f"of {resource.name}"}

    def program() -> pulumi.Output[str]:
        return aws.iam.AccessKey("key", user="somebody").secret

    declared = declare(program, outputs=outputs)

    assert (declared.result, declared.result_is_secret) == ("of key", True)


def test_exports_are_recorded_for_this_program_only(declare: Declare) -> None:
    declare(lambda: pulumi.export("earlier", 1))

    def program() -> None:
        pulumi.export("open", "a")
        pulumi.export("hidden", pulumi.Output.secret("b"))

    declared = declare(program)

    assert declared.exports == {"open": "a", "hidden": "b"}
    assert declared.secret_exports == {"hidden"}


def test_a_preview_knows_inputs_only(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        user = aws.iam.User("user", name="ada")
        aws.iam.AccessKey("key", user=user.name)
        return user.arn

    declared = declare(program, preview=True)

    assert declared.one("aws:iam/accessKey:AccessKey")["user"] == "ada"
    assert declared.result != "arn:user"


def test_configuration_is_what_the_test_says(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        config = pulumi.Config("strongroom")
        pulumi.export("open", config.require("open"))
        return config.require_secret("hidden")

    declared = declare(
        program, config={"strongroom:open": "a"}, secret_config={"strongroom:hidden": "b"}
    )

    assert declared.exports == {"open": "a"}
    assert (declared.result, declared.result_is_secret) == ("b", True)


def test_a_provider_call_is_an_error(declare: Declare) -> None:
    with pytest.raises(Exception, match="unmocked provider call"):
        declare(aws.get_caller_identity)


def test_an_error_of_the_program_comes_out(declare: Declare) -> None:
    def program() -> None:
        raise ValueError("deletion_window_days")

    with pytest.raises(ValueError, match="deletion_window_days"):
        declare(program)

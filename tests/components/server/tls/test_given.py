import pulumi

from components.server.tls.given import GivenCertificate, GivenCertificateArgs
from tests.components.server.examples import CA
from tests.conftest import Declare


def test_a_secret_of_yours_is_neither_made_nor_read(declare: Declare) -> None:
    args = GivenCertificateArgs(
        secret="my-certificate", ca_certificate=CA, trusting={"shop": "shop", "vault": "vault"}
    )

    def program() -> pulumi.Output[list[str]]:
        given = GivenCertificate("tls", args)
        return pulumi.Output.all(given.secret, given.ca_certificate)

    declared = declare(program)

    assert declared.result == ["my-certificate", CA]
    assert declared.all("kubernetes:core/v1:Secret") == []
    maps = declared.all("kubernetes:core/v1:ConfigMap")
    assert [each.inputs["metadata"]["namespace"] for each in maps] == ["shop", "vault"]
    assert all(each.inputs["data"] == {"ca.crt": CA} for each in maps)

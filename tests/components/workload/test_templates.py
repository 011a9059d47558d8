"""Names in env files. What the templates write: test_injected.py runs the agent."""

import pytest

from catalog.model import SecretFile
from components.workload.templates import agent_template, variable_prefix


@pytest.mark.parametrize(
    ("secret", "prefix"),
    [("mail", "MAIL"), ("cloud/invoices", "CLOUD_INVOICES"), ("2fa.codes", "_2FA_CODES")],
)
def test_a_variable_begins_with_its_secret_s_name(secret: str, prefix: str) -> None:
    assert variable_prefix(secret) == prefix


def test_no_field_can_name_a_variable_that_means_something_to_a_shell() -> None:
    file = SecretFile(owner="shop/orders", secret="mail", format="env")

    assert "export MAIL_{{" in agent_template(file, "kv/data/shop/orders/mail")

"""Rules over who may take a role."""

import re

from pulumi_policy import Severity

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.cloud import documents
from policies.rules.cloud.documents import Statement, statements

_ONE_SUBJECT = re.compile(r"system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+")
_POD_IDENTITY = "pods.eks.amazonaws.com"
_TAGS = ("eks-cluster-arn", "kubernetes-namespace", "kubernetes-service-account")


def _federated(statement: Statement) -> bool:
    return statement.allows and any(kind == "Federated" for kind, _ in statement.principals)


@rule(
    *documents.TRUSTS,
    reason="any pod of the cluster could take the role otherwise",
    cure="bind it by StringEquals to system:serviceaccount:<namespace>:<name>",
    severity=Severity.CRITICAL,
)
def trust_is_for_one_service_account(role: Resource) -> Findings:
    """A role for pods can be taken by one ServiceAccount only."""
    for statement in statements(role):
        if _federated(statement):
            subjects = statement.equals("sub")
            if not any(len(s) == 1 and _ONE_SUBJECT.fullmatch(s[0]) for s in subjects):
                yield f"{statement} doesn't name exactly one ServiceAccount"
        elif statement.allows and ("Service", _POD_IDENTITY) in statement.principals:
            for tag in _TAGS:
                named = statement.equals(f"RequestTag/{tag}")
                if not any(len(names) == 1 and "*" not in names[0] for names in named):
                    yield f"{statement} doesn't name exactly one {tag}"


@rule(
    *documents.TRUSTS,
    reason="a token made for another purpose could be exchanged for the role",
    cure="bind it by StringEquals to the audience of the cloud's STS",
    severity=Severity.HIGH,
)
def trust_is_for_one_audience(role: Resource) -> Findings:
    """A role for pods takes tokens that were made for it."""
    for statement in statements(role):
        audiences = statement.equals("aud")
        if _federated(statement) and not any(len(each) == 1 for each in audiences):
            yield f"{statement} doesn't name exactly one audience"


@rule(
    *documents.TRUSTS,
    reason="an account as principal leaves it to every administrator of that account who takes the role",
    cure="name roles (custody.writers, custody.readers)",
    severity=Severity.MEDIUM,
)
def custody_roles_name_who_takes_them(role: Resource) -> Findings:
    """Custody's roles are for named roles or users, and not for a whole account."""
    if not role.within("strongroom:cloud:Custody"):
        return
    for statement in statements(role):
        for kind, name in statement.principals if statement.allows else ():
            if name.endswith(":root") or name.isdecimal():
                yield f"{statement} lets the whole account in (principal {kind})"

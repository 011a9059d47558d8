"""`python -m ops workload`: what a team pastes into its own manifests so that its pod gets the service's secrets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from catalog.model import HOME, Delivery, Service, WorkloadChoice
from catalog.reader import read
from components.workload import csi, external_secret, injector
from components.workload.access import PodAccess
from mistakes import MistakesError
from mistakes.explain import closest
from mistakes.shapes import Label
from ops.part import part_of, wrong_part
from ops.stack import StackError, selected
from ops.yaml_text import yaml_text
from reach.pods import PORT
from settings.clusters import OtherCluster, mount_of
from settings.external import External
from settings.login import Access
from settings.stack import Stack, of_file

Document = dict[str, Any]
Parts = list[tuple[str, Document]]
"""What is above each document, and the document."""

DELIVERIES: Mapping[str, Delivery] = {
    "annotations": "injector",
    "csi": "csi",
    "external-secret": "external-secret",
}
"""What people ask for -> what the catalogue calls it."""


def workload(
    root: Path,
    service_id: str,
    *,
    stack: str | None = None,
    asked: str | None = None,
    cluster: str | None = None,
    address: str | None = None,
    config_file: Path | None = None,
) -> str:
    """Give the YAML for service `shop/orders`, with comments that say where each part goes.

    `asked` is one of DELIVERIES; without, what the service's own file chooses, else annotations. `cluster` is one that
    the service lives in; without, the only one, or the servers' own. `address` is Vault's as pods there reach it;
    without, that of the Service in front of the active server, of the Vault that somebody else runs, or what the
    settings say for another cluster.

    Only what is needed is read: mistakes elsewhere in the stack's file, and files that are missing on this machine,
    are `ops check`'s concern.

    Raises:
        MistakesError: with every mistake of the catalogue, or if the stack's file can't be read.
        StackError: if the service is unknown or has no secrets, or the stack's file can't be understood.

    """
    settings = of_file(root, stack or selected(root), config_file)
    if not settings.readable:
        raise MistakesError(settings.mistakes)
    catalog = read(root / settings.values.get("catalog", "catalog"))
    service = _service(catalog.services, service_id)
    choice = _choice(service, asked)
    if not service.files(choice):
        raise StackError(f"{service.id} has no secrets; write some into its catalogue file first")
    home = _home(service, cluster)
    access = _access(settings, address) if home == HOME else _access_from(settings, home, address)
    try:
        parts = _PARTS[choice.delivery](service, access, choice)
    except ValueError as error:
        raise StackError(f"{service.id}: {error}; write its field into workload.files") from None
    return "---\n".join(_text(comment, document) for comment, document in parts)


def _service(services: Sequence[Service], wanted: str) -> Service:
    known = {each.id: each for each in services}
    if wanted not in known:
        cure = closest(wanted, known).removeprefix("delete it, or ")
        raise StackError(f"the catalogue has no service {wanted}; {cure}")
    return known[wanted]


def _choice(service: Service, asked: str | None) -> WorkloadChoice:
    own = service.workload or WorkloadChoice(delivery="injector")
    return replace(own, delivery=DELIVERIES[asked]) if asked else own


def _home(service: Service, asked: str | None) -> str:
    lives = service.clusters
    if asked is not None and asked not in lives:
        raise StackError(
            f"{service.id} does not live in cluster {asked}; write one of {', '.join(lives)}, or write {asked}"
            " into its clusters"
        )
    if asked is None and HOME not in lives and len(lives) > 1:
        raise StackError(
            f"{service.id} lives in several clusters; add --cluster {' or '.join(lives)}"
        )
    return asked or (HOME if HOME in lives else lives[0])


def _access_from(stack: Stack, cluster: str, address: str | None) -> PodAccess:
    """Give how pods of another cluster reach Vault. Only that cluster's entry is looked at."""
    said = part_of(stack, "clusters")
    if cluster not in said:
        raise StackError(
            f"strongroom:clusters in {stack.document.file} has no {cluster}; {closest(cluster, said)}"
        )
    try:
        read = OtherCluster.model_validate(said[cluster])
    except ValidationError:
        raise wrong_part(stack, f"clusters.{cluster}") from None
    return _pod_access(
        address=address or read.address,
        login_mount=mount_of(cluster, read),
        audience=read.access.audience,
        vault_namespace=part_of(stack, "server").get("vaultNamespace"),
    )


def _access(stack: Stack, address: str | None) -> PodAccess:
    login = part_of(stack, "access")
    # The rest of it may be filled in elsewhere (`local`), or wrong: what pods need must be right.
    fields = {name: Access.model_fields[name].default for name in ("mount", "audience")}
    try:
        Access.model_validate(login)
    except ValidationError as error:
        if any(each["loc"][:1] in {(name,) for name in fields} for each in error.errors()):
            raise wrong_part(stack, "access") from None
    try:
        vault, vault_namespace = _place(part_of(stack, "server"))
    except ValidationError:
        raise wrong_part(stack, "server") from None
    return _pod_access(
        address=address or vault,
        login_mount=login.get("mount", fields["mount"]),
        audience=login.get("audience", fields["audience"]),
        vault_namespace=vault_namespace,
    )


def _pod_access(
    *, address: str, login_mount: str, audience: str, vault_namespace: str | None
) -> PodAccess:
    try:
        return PodAccess(
            address=address,
            login_mount=login_mount,
            audience=audience,
            vault_namespace=vault_namespace,
        )
    except ValueError as error:
        raise StackError(f"--{error}; write https://<name that its certificate has>:8200") from None


def _place(server: Document) -> tuple[str, str | None]:
    """Give Vault's address, as pods reach it, and its own namespace."""
    if server.get("kind") == "external":
        external = External.model_validate(server)
        return external.address, external.vault_namespace
    label = TypeAdapter(Label)
    namespace, release = (
        label.validate_python(server.get(n, "vault")) for n in ("namespace", "release")
    )
    return f"https://{release}-active.{namespace}.svc:{PORT}", None


def _annotations(service: Service, access: PodAccess, choice: WorkloadChoice) -> Parts:
    comment = _pod_comment(service, "Every container gets the files in /vault/secrets.")
    return [(comment, _patch(injector.pod_template(service, access, choice)))]


def _csi(service: Service, access: PodAccess, choice: WorkloadChoice) -> Parts:
    made = csi.secret_provider_class(service, access, choice)
    pod = (_pod_comment(service, _MOUNT), _patch(csi.pod_template(service)))
    return [*_undeclared(service, choice, [made]), pod]


def _external_secret(service: Service, access: PodAccess, choice: WorkloadChoice) -> Parts:
    made = [
        external_secret.secret_store(service, access),
        external_secret.external_secret(service, access, choice),
    ]
    pod = (_pod_comment(service, _MOUNT), _patch(external_secret.pod_template(service)))
    return [*_undeclared(service, choice, made), pod]


_PARTS: Mapping[Delivery, Callable[[Service, PodAccess, WorkloadChoice], Parts]] = {
    "injector": _annotations,
    "csi": _csi,
    "external-secret": _external_secret,
}
_MOUNT = (
    "In a container:\n"
    "#   volumeMounts: [{name: vault-secrets, mountPath: /vault/secrets, readOnly: true}]"
)


def _undeclared(service: Service, choice: WorkloadChoice, made: Sequence[Document]) -> Parts:
    """Leave out what `pulumi up` declares: the way that the service's own file chooses."""
    if service.workload and service.workload.delivery == choice.delivery:
        return []
    comment = (
        f"Apply this, or write `workload: {{as: {choice.delivery}}}` into {service.id}'s catalogue"
        " file: then `pulumi up` does."
    )
    return [(comment, document) for document in made]


def _pod_comment(service: Service, then: str) -> str:
    return (
        f"Into the Deployment, StatefulSet or Job of {service.id}; `kubectl patch --patch-file` takes"
        f" it as it is.\n# {then}"
    )


def _patch(pod_template: Document) -> Document:
    return {"spec": {"template": pod_template}}


def _text(comment: str, document: Document) -> str:
    return f"# {comment}\n{yaml_text(document)}"

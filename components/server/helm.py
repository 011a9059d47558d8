"""`server.kind: helm`: Vault as pods, by the official Helm chart."""

import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as kubernetes

from components.cloud.contract import Seal
from components.monitoring.monitoring import Monitoring, MonitoringArgs
from components.server.chart import OFFICIAL, Chart, ReleaseArgs, chart_release
from components.server.configuration import SEAL_CA
from components.server.contract import Flavour, JobProof, Reach, TokenProof
from components.server.database import what_is_lost, wipe_command
from components.server.database_secret import database_secret
from components.server.exposure import active_service, load_balancer
from components.server.injection import admission
from components.server.pods import (
    AUDIT_FILES,
    Ingress,
    InternalLoadBalancer,
    Pods,
    PodSeal,
)
from components.server.seal_proof import proof_job
from components.server.tls.choice import CertificateArgs, Tls, certificate
from components.server.tls.contract import Certificate
from components.server.tls.names import Names, server_names
from components.server.values import ValuesArgs, chart_values
from reach.pods import GENERATE_ROOT_PORT, PORT


@dataclass(frozen=True, kw_only=True)
class HelmServerArgs:
    """Which pods in which cluster.

    Raises:
        ValueError: naming the field.

    """

    provider: kubernetes.Provider
    """The cluster; see `components.kubernetes`."""
    pods: Pods
    seal: Seal
    ca_file: str
    """Where the CA is written on this machine, for tools that take no PEM."""
    context: str | None = None
    """The kubeconfig's context that `provider` has; None: the current one."""
    chart: Chart = OFFICIAL
    tls: Tls
    trusting: Mapping[str, pulumi.Input[str]]
    """Namespaces that get the CA as ConfigMap `vault-tls`: name -> the same, known once it is there. (With
    cert-manager every namespace gets it.)"""
    address: str | None = None
    """Where the network reaches Vault; None: through the tunnel."""
    hosts: tuple[str, ...] = ()
    """Further names and addresses for the certificate: as other clusters reach Vault."""
    local_port: int = 18200
    """The tunnel's port on this machine."""
    keep: bool = True

    def __post_init__(self) -> None:
        if self.address is not None and not self.address.startswith("https://"):
            raise ValueError(f"address must begin with https://; it is {self.address!r}")


class HelmServer(pulumi.ComponentResource):
    """A raft cluster of pods, TLS on every listener, auto-unsealed. Fulfils `components.server.contract.Server`."""

    flavour: Flavour
    address: pulumi.Output[str]
    members: pulumi.Output[list[str]]
    generate_root_members: pulumi.Output[list[str]]
    ca_certificate: pulumi.Output[str]
    ca_file: pulumi.Output[str]
    wipe_commands: tuple[str, ...]
    audit_files: tuple[str, ...]
    raft_servers: int
    reach: Reach | None
    seal_proof: TokenProof | JobProof | None

    def __init__(
        self, name: str, args: HelmServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:server:HelmServer", name, {}, opts)
        pods = args.pods
        self._child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        self._kept = pulumi.ResourceOptions(parent=self, provider=args.provider, protect=args.keep)
        # Deleting it deletes the volumes' claims, and with them Vault.
        namespace = kubernetes.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": pods.namespace, "labels": admission(pods)},
            opts=self._kept,
        )
        there = namespace.id.apply(lambda _: pods.namespace)
        signed = certificate(
            f"{name}-tls",
            args.tls,
            CertificateArgs(
                names=_names(args),
                namespace=there,
                trusting={**args.trusting, pods.namespace: there},
                keep=args.keep,
            ),
            self._child,
        )
        if pods.database is not None:
            pulumi.log.warn(what_is_lost(pods.database), self)
        seal = self._seal(f"{name}-seal", args, there)
        stored = database_secret(f"{name}-database", pods, there, self._child)
        release = self._release(name, args, there, signed, seal, stored)
        if pods.flavour == "openbao":
            active_service(f"{name}-active", pods, there, self._child)
        if pods.scrape is not None:
            Monitoring(
                f"{name}-monitoring",
                MonitoringArgs(
                    pods=pods, scrape=pods.scrape, namespace=there, expiry=signed.expiry
                ),
                self._child,
            )
        if isinstance(pods.exposure, InternalLoadBalancer):
            load_balancer(f"{name}-load-balancer", pods, pods.exposure, there, self._child)

        self.flavour = pods.flavour
        self.reach = Reach(
            context=args.context,
            namespace=pods.namespace,
            names=pods.names,
            port=PORT,
            generate_root_port=GENERATE_ROOT_PORT,
        )
        self.seal_proof = _seal_proof(args, seal)
        self.wipe_commands = wipe_commands(pods, args.context)
        # OpenBao takes no audit device by API: there they stand in the configuration.
        self.raft_servers = pods.replicas if pods.database is None else 0
        self.audit_files = AUDIT_FILES if pods.flavour == "vault" else ()
        # Through the release's own output, so that whoever uses an address waits for the pods.
        address = args.address or f"https://127.0.0.1:{args.local_port}"
        self.address = release.id.apply(lambda _: address)
        self.members = release.id.apply(lambda _: [pods.url(pod) for pod in pods.names])
        self.generate_root_members = release.id.apply(
            lambda _: [pods.url(pod, GENERATE_ROOT_PORT) for pod in pods.names]
        )
        self.ca_certificate = signed.ca_certificate
        self.ca_file = signed.ca_certificate.apply(lambda pem: _written(args.ca_file, pem))
        self.register_outputs({"address": self.address})

    def _release(
        self,
        name: str,
        args: HelmServerArgs,
        namespace: pulumi.Output[str],
        signed: Certificate,
        seal: pulumi.Output[PodSeal],
        stored: pulumi.Output[str | None],
    ) -> kubernetes.helm.v3.Release:
        pods = args.pods
        values = pulumi.Output.all(
            seal=seal,
            secret=signed.secret,
            ca=signed.ca_certificate,
            database=stored,
        ).apply(
            lambda known: chart_values(
                ValuesArgs(
                    pods=pods,
                    seal=known["seal"],
                    tls_secret=known["secret"],
                    ca_certificate=known["ca"],
                    database_digest=known["database"],
                )
            )
        )
        return chart_release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release=pods.release,
                namespace=namespace,
                values=values,
                # No pod is ready before init, which comes later in the same run. Whoever waited, or took a failed
                # release back, would wait for ever, or uninstall it.
                skip_await=True,
            ),
            self._kept,
        )

    def _seal(
        self, name: str, args: HelmServerArgs, namespace: pulumi.Output[str]
    ) -> pulumi.Output[PodSeal]:
        seal, former = args.seal, args.seal.former
        secret_name = f"{args.pods.release}-seal"
        ready: pulumi.Input[str] = secret_name
        content = {**_secret_content(former), **_secret_content(seal)}
        if content:
            secret = kubernetes.core.v1.Secret(
                name,
                metadata={"name": secret_name, "namespace": namespace},
                string_data={key: pulumi.Output.secret(value) for key, value in content.items()},
                opts=self._child,
            )
            ready = secret.id
        return pulumi.Output.all(
            seal=_known(seal, secret_name),
            former=None if former is None else _known(former, secret_name),
            # Of a digest nobody makes a key again.
            keys_digest=pulumi.Output.unsecret(pulumi.Output.all(**content).apply(_digest)),
            ready=ready,
        ).apply(
            lambda known: replace(
                known["seal"], former=known["former"], keys_digest=known["keys_digest"]
            )
        )


def _secret_content(seal: Seal | None) -> dict[str, pulumi.Input[str]]:
    """Give what of the seal lies in the servers' Secret: variables, and the CA of whoever keeps its key."""
    if seal is None:
        return {}
    ca = {} if seal.ca_file is None else {Path(SEAL_CA).name: Path(seal.ca_file).read_text()}
    return {**seal.secret_environment, **ca}


def _known(seal: Seal, secret_name: str) -> pulumi.Output[PodSeal]:
    identity = seal.web_identity
    ca = None if seal.ca_file is None else Path(seal.ca_file).read_text()
    return pulumi.Output.all(
        parameters=pulumi.Output.from_input(dict(seal.parameters)),
        environment=pulumi.Output.from_input(dict(seal.environment)),
        annotations=pulumi.Output.from_input(dict(seal.annotations)),
        role_arn=None if identity is None else identity.role_arn,
    ).apply(
        lambda known: PodSeal(
            kind=seal.kind,
            parameters=known["parameters"],
            environment=known["environment"],
            secret_environment=tuple(seal.secret_environment),
            seal_secret=secret_name,
            annotations=known["annotations"],
            role_arn=known["role_arn"],
            audience=None if identity is None else identity.audience,
            ca_certificate=ca,
        )
    )


def _seal_proof(
    args: HelmServerArgs, known: pulumi.Output[PodSeal]
) -> TokenProof | JobProof | None:
    identity, pods = args.seal.web_identity, args.pods
    if identity is not None:
        return TokenProof(service_account=pods.service_account, audience=identity.audience)
    # Shamir's keys lie in custody, which is proven by itself; what a transit key answers is asked from here.
    if args.seal.secret_environment or args.seal.kind == "shamir":
        return None
    return JobProof(manifest=known.apply(lambda seal: proof_job(pods, seal)))


def wipe_commands(pods: Pods, context: str | None) -> tuple[str, ...]:
    """Give what empties the servers: no pod, no volume, and all of them again."""
    cluster = [] if context is None else ["--context", context]
    kubectl = ["kubectl", *cluster, "--namespace", pods.namespace]
    selector = "--selector=" + ",".join(f"{key}={value}" for key, value in pods.labels.items())
    server = f"statefulset/{pods.release}"
    stop, start = (
        [
            ["scale", server, "--replicas=0"],
            ["wait", "pod", selector, "--for=delete", "--timeout=120s"],
        ],
        [
            ["delete", "persistentvolumeclaim", selector],
            ["scale", server, f"--replicas={pods.replicas}"],
        ],
    )
    return (
        *(shlex.join([*kubectl, *command]) for command in stop),
        *([] if pods.database is None else [wipe_command(pods.database)]),
        *(shlex.join([*kubectl, *command]) for command in start),
    )


def _digest(content: Mapping[str, Any]) -> str | None:
    """Give what changes with what is in the Secret, None where there is none."""
    if not content:
        return None
    text = json.dumps(dict(content), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _names(args: HelmServerArgs) -> Names:
    hosts = [*args.hosts]
    if isinstance(args.pods.exposure, Ingress):
        hosts.append(args.pods.exposure.host)
    if args.address is not None:
        hosts.append(str(urlsplit(args.address).hostname))
    return server_names(args.pods, hosts)


def _written(file: str, text: str) -> str:
    """Write `text` unless it is there; give the absolute path."""
    path = Path(file).resolve()
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole or not at all: another process may be reading.
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(text)
        new.replace(path)
    return str(path)

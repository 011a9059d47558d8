"""A Kubernetes cluster whose services use this Vault, which runs elsewhere."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from catalog.model import Service
from components.access.service_login import ServiceLogin, ServiceLoginArgs
from components.issuer_keys import IssuerKeys, IssuerKeysArgs
from components.kubernetes import kubernetes_provider
from components.server.agents import RELEASE, Agents, agents_values
from components.server.chart import OFFICIAL, Chart, ReleaseArgs, chart_release
from components.server.injection import admission
from components.server.pods import Csi, Injector
from components.server.tls.trust import Trust, TrustArgs
from components.workload.access import PodAccess
from components.workload.workload import Workload, WorkloadArgs

REVIEWER = "vault-reviewer"
_DELEGATOR = "system:auth-delegator"


@dataclass(frozen=True, kw_only=True)
class FetchedKeys:
    """Method jwt: the cluster's own keys, as its API server publishes them."""

    issuer: str | None = None
    """The only one that is taken; None: the one that the API server names first, from then on no other."""


@dataclass(frozen=True, kw_only=True)
class GivenKeys:
    """Method jwt: keys of a file."""

    issuer: str
    keys: tuple[str, ...]
    """PEM."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """Method kubernetes: the cluster's API server is asked about each token."""

    host: str
    """As Vault reaches it."""
    ca: str | None = None
    """PEM; None: what the cluster gives to its own ServiceAccounts."""
    by_client: bool = False
    """Asked with the token of whoever logs in, else with that of a ServiceAccount made for it."""

    def __post_init__(self) -> None:
        if not self.host.startswith("https://"):
            raise ValueError(f"host must begin with https://; it is {self.host!r}")
        if self.by_client and self.ca is None:
            raise ValueError("ca must be given where clients ask by themselves")


@dataclass(frozen=True, kw_only=True)
class OtherClusterArgs:
    """Which cluster, how it reaches Vault, and what of ours it gets."""

    context: str
    """Of the kubeconfig that KUBECONFIG names."""
    access: PodAccess
    """Vault's address as its pods reach it, the mount where they log in, the audience of their tokens."""
    ca_certificate: pulumi.Input[str]
    """PEM of what answers at that address."""
    judged: FetchedKeys | GivenKeys | Review
    services: tuple[Service, ...]
    """Those that live there. Their namespaces must be there."""
    token_ttl_seconds: int = 600
    namespace: str = "strongroom"
    """What is put there lies in it. Made here, if there is anything to put there."""
    injector: Injector | None = None
    csi: Csi | None = None
    chart: Chart = OFFICIAL
    keep: bool = True


class OtherCluster(pulumi.ComponentResource):
    """Injector and CSI provider without servers, Vault's CA, ServiceAccounts, and the login of that cluster.

    Its children in Vault take the provider that `opts` names; those in the cluster one of its own.
    """

    login: ServiceLogin

    def __init__(
        self, name: str, args: OtherClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cluster:OtherCluster", name, {}, opts)
        within = pulumi.ResourceOptions(parent=self)
        self._there = pulumi.ResourceOptions(
            parent=self,
            provider=kubernetes_provider(f"{name}-cluster", context=args.context, opts=within),
        )
        agents = _agents(args)
        namespace: pulumi.Output[str] | None = None
        if agents is not None or (isinstance(args.judged, Review) and not args.judged.by_client):
            made = kubernetes.core.v1.Namespace(
                f"{name}-namespace",
                metadata={"name": args.namespace, "labels": admission(agents) if agents else {}},
                opts=self._there,
            )
            namespace = made.id.apply(lambda _: args.namespace)
        trusting: dict[str, pulumi.Input[str]] = {
            service.namespace: service.namespace for service in args.services
        }
        if args.csi is not None and namespace is not None:
            trusting[args.namespace] = namespace
        trust = Trust(
            f"{name}-trust",
            TrustArgs(ca_certificate=args.ca_certificate, namespaces=trusting),
            self._there,
        )
        if agents is not None and namespace is not None:
            self._release(name, args, agents, namespace, trust)
        for service in args.services:
            Workload(
                f"{name}-{service.slug}",
                WorkloadArgs(service=service, access=args.access),
                self._there,
            )
        self.login = self._login(name, args, namespace)
        self.register_outputs({})

    def _release(
        self,
        name: str,
        args: OtherClusterArgs,
        agents: Agents,
        namespace: pulumi.Output[str],
        trust: Trust,
    ) -> None:
        chart_release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release=RELEASE,
                namespace=namespace,
                # The CSI provider mounts the CA's ConfigMap.
                values=trust.ca_certificate.apply(lambda ca: agents_values(agents, ca)),
                # None of them waits for Vault.
                skip_await=False,
            ),
            self._there,
        )

    def _login(
        self, name: str, args: OtherClusterArgs, namespace: pulumi.Output[str] | None
    ) -> ServiceLogin:
        judged = args.judged
        issuer: pulumi.Input[str] | None = None
        keys: pulumi.Input[Sequence[str]] = ()
        host: str | None = None
        ca: pulumi.Input[str] | None = None
        token: pulumi.Input[str] | None = None
        if isinstance(judged, GivenKeys):
            issuer, keys = judged.issuer, judged.keys
        elif isinstance(judged, FetchedKeys):
            asked = IssuerKeysArgs(cluster=name, context=args.context, issuer=judged.issuer)
            # Looks by itself, with the kubeconfig: it needs none of the providers.
            found = IssuerKeys(f"{name}-keys", asked, pulumi.ResourceOptions(parent=self))
            issuer, keys = found.issuer, found.keys
        else:
            host, ca = judged.host, judged.ca
            reviewer = self._reviewer(name, args, judged, namespace)
            if reviewer is not None:
                token = reviewer.token
                ca = ca or reviewer.ca
        return ServiceLogin(
            f"{name}-login",
            ServiceLoginArgs(
                method="kubernetes" if isinstance(judged, Review) else "jwt",
                mount=args.access.login_mount,
                audience=args.access.audience,
                token_ttl_seconds=args.token_ttl_seconds,
                issuer=issuer,
                keys=keys,
                host=host,
                ca=ca,
                reviewer_token=token,
                roles=f"{name}-role",
                keep=args.keep,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _reviewer(
        self,
        name: str,
        args: OtherClusterArgs,
        judged: Review,
        namespace: pulumi.Output[str] | None,
    ) -> "_Reviewer | None":
        """Let somebody ask the API server about tokens; give his token, None where that is whoever logs in."""
        clients = [_subject(service.name, service.namespace) for service in args.services]
        if judged.by_client or namespace is None:
            if clients:
                self._may_review(f"{name}-clients", args, "clients", clients)
            return None
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-reviewer",
            metadata={"name": REVIEWER, "namespace": namespace},
            automount_service_account_token=False,
            opts=self._there,
        )
        subject = _subject(account.metadata.name, args.namespace)
        allowed = self._may_review(f"{name}-reviewer", args, "reviewer", [subject])
        secret = kubernetes.core.v1.Secret(
            f"{name}-reviewer-token",
            metadata={
                "name": f"{REVIEWER}-token",
                "namespace": namespace,
                "annotations": {"kubernetes.io/service-account.name": account.metadata.name},
            },
            # Without an end: the cluster's controllers fill it in, and a deleted Secret ends its token.
            type="kubernetes.io/service-account-token",
            opts=pulumi.ResourceOptions.merge(
                self._there, pulumi.ResourceOptions(depends_on=[allowed])
            ),
        )
        data: pulumi.Output[Mapping[str, str]] = pulumi.Output.secret(secret.data)
        return _Reviewer(
            token=data.apply(lambda given: _decoded(given, "token")),
            # Public, and no secret's diff in a preview.
            ca=pulumi.Output.unsecret(data.apply(lambda given: _decoded(given, "ca.crt"))),
        )

    def _may_review(
        self,
        name: str,
        args: OtherClusterArgs,
        who: str,
        subjects: list[kubernetes.rbac.v1.SubjectArgs],
    ) -> kubernetes.rbac.v1.ClusterRoleBinding:
        return kubernetes.rbac.v1.ClusterRoleBinding(
            name,
            # Of the whole cluster, which may use the Vaults of several stacks. Its name is fixed, and one kind of
            # reviewer is made before the other is deleted.
            metadata={"name": f"strongroom-{pulumi.get_stack()}-{args.access.login_mount}-{who}"},
            role_ref=kubernetes.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=_DELEGATOR
            ),
            subjects=subjects,
            opts=self._there,
        )


@dataclass(frozen=True, kw_only=True)
class _Reviewer:
    """Both known once the cluster has filled them in."""

    token: pulumi.Output[str]
    ca: pulumi.Output[str]


def _subject(name: pulumi.Input[str], namespace: str) -> kubernetes.rbac.v1.SubjectArgs:
    return kubernetes.rbac.v1.SubjectArgs(kind="ServiceAccount", name=name, namespace=namespace)


def _decoded(data: Mapping[str, str] | None, key: str) -> str:
    if not data or key not in data:
        raise pulumi.RunError(
            f"the cluster has not filled {key} into Secret {REVIEWER}-token; see whether its controller manager runs,"
            " then run again"
        )
    return base64.b64decode(data[key]).decode()


def _agents(args: OtherClusterArgs) -> Agents | None:
    if args.injector is None and args.csi is None:
        return None
    return Agents(
        address=args.access.address,
        login_mount=args.access.login_mount,
        injector=args.injector,
        csi=args.csi,
    )

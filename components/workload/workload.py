"""One service's ServiceAccount, and the documents of the way that its pod gets its secrets."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from catalog.model import Service
from components.workload import csi, external_secret, injector
from components.workload.access import PodAccess


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """A service with its own choice, and how pods reach Vault."""

    service: Service
    access: PodAccess


class Workload(pulumi.ComponentResource):
    """What is ours of a service's pod. The pod itself is the team's: see `python -m ops workload`.

    The operators that give the custom resources a meaning are not: a resource of a kind that the cluster does not
    know is refused by it.
    """

    annotations: dict[str, str]
    """What the pod must carry where the service chose the injector; otherwise nothing."""

    def __init__(
        self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:workload:Workload", name, {}, opts)
        service, access, choice = args.service, args.access, args.service.workload
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={"name": service.name, "namespace": service.namespace},
            # Its tokens for Vault are projected by name; one for the API server is for pods that ask for it.
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.annotations = {}
        if choice is None:
            pass
        elif choice.delivery == "injector":
            self.annotations = injector.annotations(service, access, choice)
        elif choice.delivery == "csi":
            self._custom(
                f"{name}-class", csi.secret_provider_class(service, access, choice), account
            )
        else:
            store = self._custom(
                f"{name}-store", external_secret.secret_store(service, access), account
            )
            self._custom(
                f"{name}-secret", external_secret.external_secret(service, access, choice), store
            )
        self.register_outputs({})

    def _custom(
        self, name: str, document: injector.Document, after: pulumi.Resource
    ) -> kubernetes.apiextensions.CustomResource:
        return kubernetes.apiextensions.CustomResource(
            name,
            api_version=document["apiVersion"],
            kind=document["kind"],
            metadata=document["metadata"],
            spec=document["spec"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )

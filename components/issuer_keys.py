"""The public keys of another cluster's ServiceAccount tokens, looked at again by every `up` and preview."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import dynamic

from components.dynamic_errors import told
from components.dynamic_progress import tell
from reach.errors import ReachError

if TYPE_CHECKING:
    from reach.issuer import Issuer


class OtherIssuerError(Exception):
    """The API server is not, or is no more, the one whose tokens were meant."""


@dataclass(frozen=True, kw_only=True)
class IssuerKeysArgs:
    """Which cluster."""

    cluster: str
    """Its name in the settings, for messages."""
    context: str
    """Of the kubeconfig that KUBECONFIG names."""
    issuer: str | None = None
    """The only one that is taken; None: the one that the API server names first, from then on no other."""


class IssuerKeysProvider(dynamic.ResourceProvider):
    """Its diff asks the API server. Nothing is made there; nothing here is secret."""

    serialize_as_secret_always = False

    @told(ReachError, OtherIssuerError)
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Ask for the first time."""
        found = _asked(props)
        _refuse_other(props, found, before=None)
        return dynamic.CreateResult(id_=str(props["cluster"]), outs=_outputs(props, found))

    @told(OtherIssuerError)
    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Say that it changes where keys, issuer or context did.

        Silence of that API server leaves the keys as they are and is said: another cluster's outage must not keep
        this Vault from being configured.
        """
        moved = olds.get("context") != news["context"]
        try:
            found = _asked(news)
        except ReachError as error:
            tell(f"{error}: its keys stay those of the last `up` that saw them")
            return dynamic.DiffResult(changes=moved)
        _refuse_other(news, found, before=olds.get("issuer"))
        changed = (olds.get("issuer"), olds.get("keys")) != (found.issuer, list(found.keys))
        return dynamic.DiffResult(changes=changed or moved)

    @told(ReachError, OtherIssuerError)
    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Take what the API server publishes now, and nothing that it published before."""
        found = _asked(news)
        _refuse_other(news, found, before=olds.get("issuer"))
        return dynamic.UpdateResult(outs=_outputs(news, found))


def _asked(props: Mapping[str, Any]) -> "Issuer":
    from reach.issuer import issuer_of  # noqa: PLC0415  slow to import

    try:
        return issuer_of(props["context"])
    except ReachError as error:
        raise ReachError(f"cluster {props['cluster']}: {error}") from None


def _refuse_other(props: Mapping[str, Any], found: "Issuer", *, before: str | None) -> None:
    """Hold the issuer against the one that was said, else against the one of before.

    A context may lead to another cluster on another machine, or some day: then whoever has that one would log in.
    """
    at = f"strongroom:clusters.{props['cluster']}.access.issuer"
    said = props.get("expected_issuer")
    if said is not None and said != found.issuer:
        raise OtherIssuerError(
            f"{at} is {said}, and the API server of context {props['context']} issues as {found.issuer};"
            " check the context, or write that"
        )
    if said is None and before not in (None, found.issuer):
        raise OtherIssuerError(
            f"the API server of context {props['context']} issued as {before} and issues as {found.issuer} now;"
            f" check the context, or write the new issuer as {at}"
        )


def _outputs(props: Mapping[str, Any], found: "Issuer") -> dict[str, Any]:
    return {**props, "issuer": found.issuer, "keys": list(found.keys)}


class IssuerKeys(dynamic.Resource, module="strongroom", name="IssuerKeys"):
    """One cluster's issuer and keys."""

    issuer: pulumi.Output[str]
    keys: pulumi.Output[list[str]]
    """PEM."""

    def __init__(
        self, name: str, args: IssuerKeysArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "cluster": args.cluster,
            "context": args.context,
            "expected_issuer": args.issuer,
            # Declared as outputs: what the provider returns beyond the inputs is dropped otherwise.
            "issuer": None,
            "keys": None,
        }
        super().__init__(IssuerKeysProvider(), name, props, opts)

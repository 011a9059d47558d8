"""Which cluster: the provider's kubeconfig, or else the one that kubectl would take."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import yaml

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Values


@dataclass(frozen=True, kw_only=True)
class Kubeconfig:
    """Files, first come first served, and the context in them. Without files: the pod's own account."""

    files: Sequence[Path]
    context: str | None

    @classmethod
    def of(cls, settings: Values, folder: Path) -> "Kubeconfig":
        """Read the provider's settings; a kubeconfig given by its content is kept in `folder`, 0600."""
        given = settings.get("kubeconfig")
        if not given:
            named = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
            files = [Path(each) for each in named.split(os.pathsep) if each and Path(each).exists()]
        elif _is_file(given):
            files = [Path(given).expanduser()]
        else:
            if not isinstance(_parsed(given), Mapping):
                raise RefusedError(
                    "provider kubernetes: kubeconfig is neither a file that is there nor a kubeconfig's content"
                )
            # mkstemp's files are 0600.
            descriptor, name = tempfile.mkstemp(prefix="kubeconfig.", dir=folder)
            with os.fdopen(descriptor, "w") as file:
                file.write(given)
            files = [Path(name)]
        return cls(files=files, context=settings.get("context"))

    @cached_property
    def namespace(self) -> str:
        """The context's namespace; `default` where it names none."""
        documents = [document for each in self.files if (document := _read(each))]
        current = self.context or next(
            (each["current-context"] for each in documents if each.get("current-context")), None
        )
        contexts = [each for document in documents for each in document.get("contexts") or ()]
        found = next((each["context"] for each in contexts if each.get("name") == current), None)
        return str((found or {}).get("namespace") or "default")

    @property
    def joined(self) -> str:
        """The files as KUBECONFIG lists them."""
        return os.pathsep.join(str(each) for each in self.files)

    def client(self, folder: Path) -> Any:
        """Give the Kubernetes client's `ApiClient`; keys out of the kubeconfig are kept in `folder`.

        Raises:
            RefusedError: if there is no cluster, or its certificate would not be verified.

        """
        from kubernetes import client, config  # noqa: PLC0415  half a second that a preview can do without
        from urllib3 import Retry  # noqa: PLC0415  slow, see above

        configuration = client.Configuration()
        try:
            if self.files:
                config.load_kube_config(
                    config_file=self.joined,
                    context=self.context,
                    client_configuration=configuration,
                    persist_config=False,
                    temp_file_path=str(folder),
                )
            else:
                config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException as error:
            where = self.joined or "neither KUBECONFIG nor ~/.kube/config, and this is no pod"
            raise RefusedError(f"no Kubernetes cluster: {where}: {error}") from None
        host = urlsplit(configuration.host)
        if host.scheme != "https" and not _is_loopback(host.hostname or ""):
            raise RefusedError(f"{configuration.host} is neither https nor on this machine")
        if not configuration.verify_ssl:
            raise RefusedError(
                f"{self.joined} skips TLS verification: give certificate-authority instead"
            )
        if _is_loopback(host.hostname or "") or proxy_bypass(host.netloc):
            configuration.proxy = None
        # An API server that restarts refuses connections for some seconds.
        configuration.retries = Retry(
            total=5, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504),
            allowed_methods=None, raise_on_status=False,
        )  # fmt: skip
        configuration.connection_pool_maxsize = 32
        return client.ApiClient(configuration)


def _is_file(text: str) -> bool:
    return (
        "\n" not in text and not text.lstrip().startswith("{") and Path(text).expanduser().is_file()
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = _parsed(path.read_text())
    except OSError as error:
        raise RefusedError(f"kubeconfig {path}: {error.strerror}") from None
    return document if isinstance(document, dict) else {}


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        # What it says quotes the text, which holds keys.
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Completes what pages show of a stack's or a service's file, as one who copies it would: into one that is right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from catalog.adopted import AdoptedFile
from catalog.schema import ServiceFile, TeamFile
from mistakes import MistakesError
from settings.helm import Helm
from settings.load import examine
from settings.stack import of_file
from tests.docs.blocks import CHECKOUT

_CATALOG = {"service": ServiceFile, "team": TeamFile, "adopted": AdoptedFile}
_OWN = "strongroom:"
_OF_ONE_S_OWN = ("strongroom:cloud", "strongroom:custody")
_ADDRESS = "https://vault.example.com:8200"


def fields(model: Any) -> set[str]:
    """Give a model's keys, as YAML has them."""
    return {field.alias or name for name, field in model.model_fields.items()}


def is_settings(value: Mapping[str, Any]) -> bool:
    """Whether it is a stack's file or some keys of one."""
    return set(value) == {"config"} or all(key.startswith(_OWN) for key in value)


def is_catalogue(value: Mapping[str, Any]) -> bool:
    """Whether it is a file of the catalogue or some keys of one."""
    return any(set(value) <= fields(model) for model in _CATALOG.values())


def is_server(value: Mapping[str, Any]) -> bool:
    """Whether it is some keys of `strongroom:server`, for pods."""
    return set(value) <= fields(Helm)


def refused_settings(root: Path, said: Mapping[str, Any]) -> str:
    """Say what is wrong with stack dev once these keys are in its file; empty if nothing is.

    A part of another kind than the stack's takes its place; keys of the same kind are added to it.
    """
    config = dict(yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())["config"])
    given = said.get("config", said)
    for key, value in given.items():
        config[key] = _laid_over(config.get(key), value)
    server = config["strongroom:server"]
    if server["kind"] == "external":
        # Seal, custody and servers are somebody else's, and what services have in a cloud is nowhere.
        config = {key: config[key] for key in config if key not in _OF_ONE_S_OWN}
        _rewrite(
            root / "catalog" / "shop-orders.yaml", {"cloud": {}, "workload": {"as": "injector"}}
        )
    if "database" in server:
        server.pop("storage", None)
    if "strongroom:clusters" in config:
        config["strongroom:server"] = _reached(server)
    return _examined(root, config, "dev")


def refused_entry(root: Path, said: Mapping[str, Any]) -> str:
    """Say what is wrong with the catalogue once this file, or these keys of shop/orders, are in it."""
    config = yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())["config"]
    kind = next((key for key in _CATALOG if key in said), None)
    orders = root / "catalog" / "shop-orders.yaml"
    if kind is None:
        _rewrite(orders, said)
    else:
        name = f"{said.get('namespace', kind)}-{said[kind]}.yaml"
        (root / "catalog" / name).write_text(yaml.safe_dump(dict(said)))
    config["strongroom:clusters"] = {
        "edge": {"context": "edge", "address": _ADDRESS, "access": {"method": "jwt"}}
    }
    config["strongroom:server"] = _reached(config["strongroom:server"])
    return _examined(root, config, "dev")


def _rewrite(file: Path, said: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **said}))


def _reached(server: Mapping[str, Any]) -> dict[str, Any]:
    """Give servers that pods of other clusters reach."""
    network = {**server["network"], "clientCidrs": ["10.0.0.0/16"]}
    exposed = {"address": _ADDRESS, "exposure": {"kind": "internal-load-balancer"}}
    return {**server, **exposed, "network": network}


def _laid_over(under: Any, over: Any) -> Any:
    if not isinstance(under, Mapping) or not isinstance(over, Mapping):
        return over
    if over.get("kind", under.get("kind")) != under.get("kind"):
        return dict(over)
    return {**under, **{key: _laid_over(under.get(key), value) for key, value in over.items()}}


def _examined(root: Path, config: Mapping[str, Any], stack: str) -> str:
    """Check the stack as `ops check` does, with the files there that it names and the secrets that it asks for."""
    for name in _files(config):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("any")
    config = {**config}
    while True:
        (root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
        try:
            examine(of_file(root, stack), root)
        except MistakesError as error:
            lacking = [each.cure.split()[-1] for each in error.mistakes if "--secret" in each.cure]
            if not lacking:
                return str(error)
            config |= {f"{_OWN}{key}": {"secure": "v1:abc"} for key in lacking}
        else:
            return ""


def _files(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        own = {
            text
            for key, text in value.items()
            if key in {"ca", "tokenFile", "passwordFile"} and isinstance(text, str)
        }
        return own.union(*map(_files, value.values()))
    return set().union(*map(_files, value)) if isinstance(value, list) else set()

"""A Pulumi program with what ours has most of; `declared.json` beside it says in which colour."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

declared = json.loads((Path(__file__).parent / "declared.json").read_text())
if declared:
    colour = declared["colour"]
    password = pulumi.Config().require_secret("password")
    provider = kubernetes.Provider(
        "cluster",
        kubeconfig=pulumi.Output.secret(Path(os.environ["KUBECONFIG"]).read_text()),
        enable_secret_mutable=True,
    )
    own = pulumi.ResourceOptions(provider=provider)
    namespace = kubernetes.core.v1.Namespace(
        "place", metadata={"name": os.environ["TEST_NAMESPACE"]}, opts=own
    )
    # Named by the plugin: what uses it starts anew when it changes.
    settings = kubernetes.core.v1.ConfigMap(
        "settings",
        metadata={"namespace": namespace.metadata.name},
        data={"colour": colour},
        opts=own,
    )
    mail = kubernetes.core.v1.Secret(
        "mail",
        metadata={"namespace": namespace.metadata.name, "name": "mail"},
        string_data={"password": password, "plain": "unmarked-value", "colour": colour},
        opts=own,
    )
    container = {
        "name": "main",
        "image": "lab/shell:1",
        "image_pull_policy": "Never",
        "env_from": [
            {"config_map_ref": {"name": settings.metadata.name}},
            {"secret_ref": {"name": mail.metadata.name}},
        ],
    }
    spec: Any = {
        "replicas": 1,
        "selector": {"match_labels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"termination_grace_period_seconds": 0, "containers": [container]},
        },
    }
    labelled: Any = {
        "namespace": namespace.metadata.name,
        "name": "web",
        "labels": {"colour": colour},
    }
    web = kubernetes.apps.v1.Deployment("web", metadata=labelled, spec=spec, opts=own)
    release = kubernetes.helm.v3.Release(
        "tiny",
        name="tiny",
        namespace=namespace.metadata.name,
        chart=os.environ["TEST_CHART"],
        values={"colour": colour, "password": password, "affinity": None},
        skip_await=True,
        opts=own,
    )
    pulumi.export("name", settings.metadata.name)
    pulumi.export("revision", release.status.revision)
    pulumi.export("available", web.status.available_replicas)

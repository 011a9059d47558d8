"""The fields that we set, as the CustomResourceDefinitions that we hold them against know them.

Written by hand after the definitions themselves, which are other projects' and not in this tree:
  config/crd/bases/secrets-store.csi.x-k8s.io_secretproviderclasses.yaml of kubernetes-sigs/secrets-store-csi-driver
  config/crds/bases/external-secrets.io_{secretstores,externalsecrets}.yaml of external-secrets/external-secrets 2.9
Only types, required fields, patterns and allowed values of what we use are here; any other field is refused, so that a
misspelt one is found. Our documents were also held against the whole definitions once, with no error.
"""

from typing import Any

Schema = dict[str, Any]

TEXT = {"type": "string"}
# Both are the definitions' own patterns.
KEY = {"type": "string", "minLength": 1, "maxLength": 253, "pattern": r"^[-._a-zA-Z0-9]+$"}
NAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": 253,
    "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}


def fields(required: list[str], **properties: object) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def kind(api_version: str, name: str, spec: Schema) -> Schema:
    metadata = fields(["name", "namespace"], name=NAME, namespace=NAME)
    return fields(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": api_version},
        kind={"const": name},
        metadata=metadata,
        spec=spec,
    )


SECRET_PROVIDER_CLASS = kind(
    "secrets-store.csi.x-k8s.io/v1",
    "SecretProviderClass",
    fields([], provider=TEXT, parameters={"type": "object", "additionalProperties": TEXT}),
)

_KUBERNETES = fields(
    ["mountPath", "role"],
    mountPath=TEXT,
    role=TEXT,
    serviceAccountRef=fields(["name"], name=NAME, audiences={"type": "array", "items": TEXT}),
)
_VAULT = fields(
    ["server"],
    server=TEXT,
    namespace=TEXT,
    path=TEXT,
    version={"enum": ["v1", "v2"]},
    caProvider=fields(["name", "type"], type={"enum": ["Secret", "ConfigMap"]}, name=NAME, key=KEY),
    auth=fields([], kubernetes=_KUBERNETES),
)
SECRET_STORE = kind(
    "external-secrets.io/v1",
    "SecretStore",
    fields(["provider"], provider=fields([], vault=_VAULT)),
)

_DATA = fields(
    ["remoteRef", "secretKey"],
    secretKey=KEY,
    remoteRef=fields(["key"], key=TEXT, property=TEXT),
)
_TEMPLATE = fields(
    [],
    engineVersion={"enum": ["v2"]},
    mergePolicy={"enum": ["Replace", "Merge"]},
    data={"type": "object", "additionalProperties": TEXT},
)
EXTERNAL_SECRET = kind(
    "external-secrets.io/v1",
    "ExternalSecret",
    fields(
        [],
        refreshInterval=TEXT,
        secretStoreRef=fields([], kind={"enum": ["SecretStore", "ClusterSecretStore"]}, name=NAME),
        target=fields([], name=NAME, template=_TEMPLATE),
        data={"type": "array", "items": _DATA},
    ),
)

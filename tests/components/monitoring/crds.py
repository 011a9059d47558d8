"""The fields that we set, as Prometheus' operator's definitions know them; any other is refused.

Written by hand after monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml of
prometheus-operator/prometheus-operator, which are not in this tree.
"""

from tests.components.workload.crds import KEY, NAME, TEXT, Schema, fields

DURATION = {"type": "string", "pattern": r"^([0-9]+(ms|s|m|h))+$"}
_SELECTOR = fields(["name", "key"], name=NAME, key=KEY)
_ENDPOINT = fields(
    [],
    port=TEXT,
    scheme={"enum": ["http", "https"]},
    path=TEXT,
    params={"type": "object", "additionalProperties": {"type": "array", "items": TEXT}},
    interval=DURATION,
    scrapeTimeout=DURATION,
    honorLabels={"type": "boolean"},
    followRedirects={"type": "boolean"},
    bearerTokenFile=TEXT,
    authorization=fields([], type=TEXT, credentials=_SELECTOR),
    tlsConfig=fields([], serverName=TEXT, ca=fields([], configMap=_SELECTOR)),
)
SERVICE_MONITOR: Schema = fields(
    ["endpoints", "selector"],
    selector=fields([], matchLabels={"type": "object", "additionalProperties": TEXT}),
    namespaceSelector=fields([], matchNames={"type": "array", "items": TEXT}),
    endpoints={"type": "array", "items": _ENDPOINT},
)
_LABELS = {"type": "object", "additionalProperties": TEXT}
_RULE = fields(
    ["expr"], alert=TEXT, expr=TEXT, labels=_LABELS, annotations=_LABELS, **{"for": DURATION}
)
PROMETHEUS_RULE: Schema = fields(
    [],
    groups={
        "type": "array",
        "items": fields(["name"], name=TEXT, rules={"type": "array", "items": _RULE}),
    },
)

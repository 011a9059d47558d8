'''The rules, by subject. Each is a function with a docstring, made a rule by a decorator.

    @rule(
        "aws:kms/key:Key",                       # type tokens that it looks at; * stands for any text
        reason="...", cure="...",                # half sentences, no full stop: "Why: ...", "Cure: ..."
        severity=Severity.HIGH,
        remedy=_rotating,                        # where safe: Resource -> top-level inputs to set where it doesn't hold
    )
    def key_rotates(key: Resource, *, days: Annotated[int, Field(ge=1, description="...")] = 365) -> Findings:
        """A KMS key rotates by itself."""       # one line: what must hold
        if key.at("enableKeyRotation") is not True:
            yield "rotation is off"              # a sentence about this resource

* The rule's name is the function's (`key-rotates`); a later keyword-only parameter with a default is a setting that
  a team tunes in policies/tuning.yaml, its JSON Schema made from the annotation.
* `@stack_rule(...)` likewise, over `stack: Stack`: `stack.of(*types)` gives resources, `stack.name` the stack;
  it yields `resource.finding("...")`, or `Finding(message="...", advisory=True)` for what is said and stops nothing.
  Only here are `dependencies` and `property_dependencies` (URNs) filled; in a preview values may be unknown where
  these are not. Types it didn't name are not in the stack that it gets.
* `Resource`: type, name, urn, inputs, protect, parent, `at("a.b.0.c", default)`, `within("strongroom:cloud:Custody")`.
  Inputs are `Properties` (a Mapping) and `Elements` (a Sequence), never dict and list: `plain(value)` makes those,
  `walk(value)` gives every leaf with its path, `resource.inputs.secrets()` the paths of what is marked secret.
* Reading a value that isn't known yet raises `UnknownError`: let it. The rule then says "not known yet, checked at the
  update: <field>", and stops nothing. Where a rule looks at several things, put each in `with resource.if_known():`
  (or `stack.if_known()`), so that the others are still looked at.
* A rule that stumbles (any exception) has found something: it says where, and stops. Messages name fields; they never
  quote a value that may be secret.

A new module is added to `_MODULES`; its rules are what it holds of type `Rule`. Exceptions: policies/exceptions.yaml.
tests/policies/rules/ has a `Case` for each rule: see tests/policies/case.py.
'''

from policies.framework.rule import Rule
from policies.rules.cloud import access_keys, buckets, grants, keys, providers, trust
from policies.rules.kubernetes import configuration, objects, pods, release
from policies.rules.stack import access, administrators, audit, custody
from policies.rules.stack import acls as borne
from policies.rules.vault import acls, inputs, mounts, roles, tokens

_MODULES = (
    *(keys, buckets, grants, trust, access_keys, providers),
    *(release, configuration, pods, objects),
    *(acls, roles, tokens, mounts, inputs),
    *(borne, access, administrators, audit, custody),
)

RULES: tuple[Rule, ...] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Rule)
)
"""Every rule, in the order of the modules."""

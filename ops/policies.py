"""docs/policies.md: what the policy pack asks, from the rules themselves."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from policies.framework.exceptions import REASON, Exceptions
from policies.framework.rule import Rule
from policies.framework.tuning import Tuning
from policies.rules import RULES

_PAGE = """\
# Policies

What must hold of everything that a stack declares, asked by Pulumi's engine before anything changes. Written by
`python -m ops schema`; the table is made of the rules themselves.

    make preview                  # stacks local and cluster; `make up` asks, too
    make preview STACK=dev        # any other stack
    pulumi preview --policy-pack policies

Every rule is mandatory: a finding stops the preview, with what is wrong, why it matters and what to do; the last line
of `make preview` and `make up` names which rules stopped it, at what. A rule over one
resource is asked before that resource is made or changed. A rule over the whole stack is asked at the end of the
preview; `make up` of `local` and `cluster` has none, so there it stops the run when it is over, and changes stay.

**Not known yet.** Before the first update many values are unknown. A rule that needs one says so as an advisory
(`not known yet, checked at the update`) and everything else is still looked at. It decides when the value is there.
What a chart renders no rule sees: it sees the chart's values, and none of them before the first update of a cluster,
when one (the seal key's name) is unknown.

**Exceptions** stand in `policies/exceptions.yaml`. Each says how much it let pass in every run. One that has expired
fails, one that covers nothing is said, and a mistake in the file stops the run, each with its line; one with a mistake
lets nothing pass, the others hold.

    exceptions:
      - rule: servers-are-apart
        stacks: [cluster]             # `*` stands for any text
        resource: server-release      # name or URN, likewise; `stack` where a rule speaks of the stack as a whole
        reason: a throw-away cluster has one node   # {reason} characters or more
        expires: 2027-12-31           # the last day on which it holds, UTC

**Tuning.** `policies/tuning.yaml`, where there is one, sets a rule's settings, or its level: `mandatory` if it says
none, `advisory`, `disabled`, and `remediate` where the table says *puts right*: then the engine changes what is
declared, and says so. Every way of running the rules reads it, `make up` and reports on pull requests among them.

    rules:
      key-deletion-waits: {{days: 20}}
      key-rotates: {{level: remediate}}

A mistake in it stops the run, each with its line; a rule with one stays as it is without the file. What is disabled is
said in every run. For one run, `pulumi preview --policy-pack policies --policy-pack-config tuned.json` overrides it:

    {{"key-deletion-waits": {{"days": 30, "enforcementLevel": "mandatory"}}, "key-rotates": "remediate"}}

`python -m ops check` finds mistakes in both files within seconds.

**A new rule** is a function in `policies/rules/`: that package's docstring shows one. The pack imports nothing of this
program but `acl/`, so it can be used on other projects. With Pulumi's own command line it runs in this checkout's
`.venv` (see `policies/PulumiPolicy.yaml`).

## The {count} rules

{tables}
"""


def text() -> str:
    """Give the page, whole."""
    rules = [*RULES, Tuning().rule(), Exceptions().rule()]
    return _PAGE.format(count=len(rules), reason=REASON, tables="\n\n".join(_tables(rules)))


def _tables(rules: Iterable[Rule]) -> Iterator[str]:
    for subject, group in groupby(rules, key=_subject):
        rows = "\n".join(
            f"| `{rule.name}` | {rule.title} | {rule.severity.value} | {_tuned(rule)} |"
            for rule in group
        )
        yield f"### {subject}\n\n| rule | what must hold | severity | tuned by |\n|---|---|---|---|\n{rows}"


def _subject(rule: Rule) -> str:
    """Give the rule's room below policies/rules/."""
    _, area, *rest = rule.check.__module__.split(".")
    return (rest[0] if area == "rules" else "files beside the rules").replace("_", " ").capitalize()


def _tuned(rule: Rule) -> str:
    settings = [f"`{name}` ({schema['default']})" for name, schema in rule.settings.items()]
    return ", ".join([*settings, *(["puts right"] if rule.remedy else [])])

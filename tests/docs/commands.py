"""What is done about each command that README.md and docs/ tell people to run.

A new command is either of a kind that is run here or on one machine (`HERE`, `LOCAL`: nothing to do), or names the
test that runs it (`RUN_BY`), or needs what no test has (`NEEDS`, or `<!-- needs: cloud -->` before its block).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.blocks import Block, blocks

HERE = (
    r"python -m ops (check|can|matrix|diff)\b",
    r"python -m ops workload\b(?!.* --cluster )",
    r"openssl rand\b",
)
"""Run by test_commands.py, in a copy of the checkout in which the stack's secrets are set."""

LOCAL = (
    r"python -m sandbox token\b",
    r"bao write auth/kubernetes/login\b",
    r"pulumi stack output$",
    r"pulumi preview( --diff)?$",
    r"python -m ops root -- bao audit list$",
    r"python -m ops drift$",
)
"""Run, as they stand in a block without another stack, by tests/e2e/test_main_job.py on the stack of one machine."""

KEEPER = (
    r"bao secrets enable transit$",
    r"bao write -f transit/keys/",
    r"bao policy write strongroom-seal -$",
    r"bao token create -orphan -period=",
    r"python -m ops transit-acl\b",
)
"""Run, as they stand, by test_keeper.py at a Vault that keeps the key of a transit seal."""

_POD_DAYS = "tests/e2e/kubernetes/test_day_two.py"
_PODS = "tests/e2e/kubernetes/test_cluster.py"
_MAIN = "tests/e2e/test_main_job.py"
_ROLL = f"{_POD_DAYS}::test_a_roll_replaces_every_pod_one_by_one"
_ROOT = f"{_MAIN}::test_a_root_token_lives_as_long_as_its_command"
_PULL = "tests/e2e/test_pull_request.py::test_where_all_is_as_declared_nothing_is_said_to_change"
_EXTERNAL = "tests/e2e/test_external.py"

RUN_BY: dict[str, tuple[str, *tuple[str, ...]]] = {
    # regular expression: (test, the words of the command that stand in it)
    r"make up( STACK=local)?( AGAIN=1)?$": (
        f"{_MAIN}::test_make_up_makes_an_owned_cluster", "scratch.up()",
    ),
    r"make preview( STACK=local)?$": (
        f"{_MAIN}::test_the_policy_pack_holds_and_says_what_it_lets_pass", 'sandbox("preview")',
    ),
    r"pulumi preview --policy-pack policies$": (
        f"{_MAIN}::test_the_policy_pack_holds_and_says_what_it_lets_pass",
        "pulumi preview --policy-pack policies",
    ),
    r"make down( STACK=local)?$": (f"{_MAIN}::test_make_down_leaves_nothing", '"down"'),
    r"make (status|logs)( STACK=local)?$": (
        f"{_MAIN}::test_make_up_makes_an_owned_cluster", 'sandbox("status")',
    ),
    r"make up STACK=cluster$": (
        f"{_PODS}::test_an_empty_cluster_becomes_a_vault_whose_applications_show_their_secrets",
        "scratch.up()",
    ),
    r"make (preview|down) STACK=cluster$": (
        f"{_POD_DAYS}::test_make_goes_down_and_up_from_nothing_through_a_tunnel_of_its_own",
        "down", "preview",
    ),
    r"\. \.sandbox/env$": ("tests/e2e/scratch.py::Scratch", ". .sandbox/env"),
    r"\. \.sandbox-cluster/env$": (
        "tests/e2e/kubernetes/scratch.py::ClusterScratch", ". .sandbox-cluster/env",
    ),
    r"python -m ops diagram\b": (
        f"{_MAIN}::test_its_diagram_is_the_one_that_the_documentation_shows",
        "python -m ops diagram",
    ),
    r"python -m ops schema$": ("tests/ops/test_schema.py::test_writing_twice_changes_nothing", "write("),
    r"python -m ops workload\b.* --cluster ": (
        "tests/ops/test_workload.py::test_in_another_cluster_it_logs_in_there", "workload",
    ),
    r"python -m ops roll$": (_ROLL, 'ops("roll")'),
    r"python -m ops root -- (bao|vault) audit list$": (
        f"{_PODS}::test_a_root_token_is_minted_from_the_recovery_keys", '"audit", "list"',
    ),
    r"python -m ops root -- (bao|vault) operator raft list-peers$": (
        f"{_PODS}::test_a_server_that_lost_its_volume_joins_again", '"raft", "list-peers"',
    ),
    r"python -m ops root -- ": (_ROOT, "python -m ops root --"),
    r"python -m ops drift( --repair)?$": (
        f"{_EXTERNAL}::test_drift_is_found_and_repaired_as_the_account", '"drift"', '"--repair"',
    ),
    r"python -m ops unseal$": (
        "tests/e2e/kubernetes/test_shamir.py::test_a_killed_pod_stays_sealed_until_the_command_unseals_it",
        'ops("unseal")',
    ),
    r"python -m ops unseal --watch\b": (
        "tests/ops/test_unseal.py::test_a_watch_brings_each_back_whenever_it_is_started_anew_and_counts",
        '"unseal"', '"--watch"', '"--metrics"',
    ),
    r"python -m ops tunnel -- (bao|vault) status$": (
        "tests/e2e/kubernetes/test_shamir.py::test_the_bootstrap_unseals_pods_that_serve_a_secret",
        '"tunnel"', '"status"',
    ),
    r"python -m ops tunnel -- pulumi preview\b": (
        f"{_POD_DAYS}::test_a_plain_preview_through_the_tunnel_finds_nothing_to_change",
        "python -m ops tunnel -- pulumi preview",
    ),
    r"python -m ops tunnel -- pulumi destroy --run-program --exclude-protected$": (
        f"{_POD_DAYS}::test_what_is_kept_outlives_a_destroy_and_so_does_what_it_needs",
        "destroy --run-program --exclude-protected",
    ),
    r"python -m ops tunnel -- sh$": (
        f"{_PODS}::test_a_service_reads_its_own_secret_and_no_other", "read_as",
    ),
    r"python -m ops migrate-seal -- (pulumi up|python -m ops roll)$": (
        "tests/e2e/kubernetes/test_seal_migration.py::test_pods_go_to_keys_that_custody_holds",
        '"migrate-seal"', '"roll"',
    ),
    r"python -m ops adopt$": (
        "tests/e2e/test_adopt.py::test_what_is_there_is_written_and_what_cannot_be_said_is_listed",
        '"adopt"',
    ),
    r"python -m ops ci comment\b": (_PULL, "comment --stack"),
    r"python -m ops ci drift\b": (_PULL, "drift --stack"),
    r"pulumi up$": (f"{_EXTERNAL}::test_with_it_everything_is", "stack.up("),
    r"pulumi config set --secret databasePassword$": (
        "tests/e2e/test_databases.py::test_without_its_password_the_database_is_a_mistake_that_names_the_command",
        "pulumi config set --secret databasePassword",
    ),
    r"pulumi config set( --stack \w+)? --secret \w+$": (
        "tests/e2e/elsewhere.py::Elsewhere", '"config", "set", "--secret"',
    ),
    r"pulumi config set strongroom:keep (true|false)$": (
        f"{_POD_DAYS}::test_what_is_kept_outlives_a_destroy_and_so_does_what_it_needs",
        "pulumi config set strongroom:keep false",
    ),
}  # fmt: skip

NEEDS = {
    r"make (up|preview|down) STACK=(dev|prod)$": "a cloud: its stack is in one",
    r"pulumi stack init (dev|prod)\b": "a cloud: state and key are in one",
    r"(aws|aliyun|ossutil) ": "a cloud: its own command line",
    r"kubectl ": "a cluster of one's own",
    r"vault (login|kv) ": "a cluster of one's own: within a tunnel to it",
    r"docker ": "docker and a registry",
}
"""Regular expression -> what no test of ours has."""

PLAIN = r"(export|unset|cd|read -rs) ?"
"""The shell's own, which set the scene for other commands."""

CHECKS = {r"make (check|test|test-kubernetes|format|schema|alicloud|pulumi)$"}
"""What runs the tests, or prepares it: CI does."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of a block; `&&`, `;` and `|` lead to another."""

    block: Block
    line: int
    text: str
    """Without its comment."""
    whole: str
    """The line in which it stands, likewise."""

    @property
    def place(self) -> str:
        """Give `README.md:15`."""
        return f"{self.block.file}:{self.line}"

    @property
    def name(self) -> str:
        """Give what tables know it by: without variables, redirections and the virtual environment's path."""
        bare = re.sub(r"^([A-Z_]+=\S* +)+", "", self.text)
        bare = re.sub(r" *[0-9]?>>? *\S+", "", bare)
        return bare.removeprefix(".venv/bin/").strip()

    def is_one_of(self, known: "tuple[str, ...] | set[str] | dict[str, str]") -> bool:
        """Whether one of these regular expressions matches its beginning."""
        return any(re.match(each, self.name) for each in known)

    @property
    def run_by(self) -> tuple[str, ...] | None:
        """Give the test that runs it, with the words to be found there."""
        found = (test for each, test in RUN_BY.items() if re.match(each, self.name))
        return next(found, None)

    @property
    def is_covered(self) -> bool:
        """Whether something is done about it."""
        return (
            self.block.mark is not None
            or self.run_by is not None
            or self.is_one_of((*HERE, *LOCAL, *KEEPER, *NEEDS, *CHECKS, PLAIN))
        )


def commands(found: list[Block] | None = None) -> list[Command]:
    """Give every command, in order; what a command run here prints is none."""
    given = blocks("shell") if found is None else found
    return [each for block in given for each in _of_block(block) if not is_output(each)]


def outputs() -> list[tuple[Command, str]]:
    """Give each command that is run here with a line that its block says it prints."""
    found = []
    for block in blocks("shell"):
        last = None
        for each in _of_block(block):
            if is_output(each) and last is not None:
                found.append((last, each.whole))
            else:
                last = each
    return found


def lines_of(known: tuple[str, ...]) -> list[str]:
    """Give each line whose commands are all among these, once and in order."""
    found: dict[str, bool] = {}
    for each in commands():
        found[each.whole] = found.get(each.whole, True) and each.is_one_of(known)
    return [line for line, all_of_it in found.items() if all_of_it]


def is_output(each: Command) -> bool:
    """Whether it is an answer of `ops can`."""
    return bool(re.match(r"(yes|no): ", each.whole))


def _of_block(block: Block) -> Iterator[Command]:
    joined = re.sub(r"\s*\\\n\s*", " ", block.text)
    for offset, line in enumerate(joined.splitlines()):
        whole = re.sub(r"(^|\s+)#\s.*$", "", line).removeprefix("$ ").strip()
        for part in _parts(whole):
            yield Command(block=block, line=block.line + offset, text=part, whole=whole)


def _parts(line: str) -> list[str]:
    parts = [""]
    for token in re.findall(r"""'[^']*'|"[^"]*"|&&|\|\||[|;]|[^'"|;&]+|&""", line):
        if token in ("&&", "||", "|", ";"):
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]

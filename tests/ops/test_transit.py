from acl.seal import seal_acl
from tests.ops.command import run
from tests.settings.project import Project

SEAL = "  strongroom:seal: {kind: transit, address: 'https://keeper:8200', keyName: k, ca: pem, tokenFile: pem}\n"


def test_the_acl_is_printed_as_the_keeper_reads_it(project: Project) -> None:
    project.stack += SEAL
    project.write()

    done = run(project.root, "transit-acl", "--stack", "dev")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == seal_acl(mount_path="transit", key_name="k")


def test_without_a_transit_seal_there_is_none(project: Project) -> None:
    done = run(project.root, "transit-acl", "--stack", "dev")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("stack dev has no transit seal;")

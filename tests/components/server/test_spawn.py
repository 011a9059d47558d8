import os
import signal
import subprocess
import time
from pathlib import Path

from components.server import spawn


def test_a_zombie_has_ended(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    (tmp_path / "pid").write_text(str(child.pid))
    assert spawn.lives(child.pid)
    assert spawn.recorded(tmp_path / "pid", "60") == child.pid

    os.kill(child.pid, signal.SIGKILL)
    # Nobody waits for it: it stays in the table of processes.
    deadline = time.monotonic() + 10
    while spawn.lives(child.pid):
        assert time.monotonic() < deadline

    assert Path(f"/proc/{child.pid}").exists()
    assert spawn.recorded(tmp_path / "pid", "60") is None
    child.wait()
    assert not spawn.lives(child.pid)

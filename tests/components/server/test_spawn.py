import os
import signal
import subprocess
import sys
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


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    (tmp_path / "pid").write_text(str(child.pid))

    spawn.end(lambda: spawn.recorded(tmp_path / "pid", deaf), 0.2)

    assert not spawn.lives(child.pid)
    child.stdout.close()
    child.wait()


def test_what_does_not_run_needs_no_end(tmp_path: Path) -> None:
    spawn.end(lambda: spawn.recorded(tmp_path / "pid", "nothing"), 60)

"""What many threads do at once at the very beginning."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[4]

# A fresh interpreter in which the library's later parts take their time; threads come one by one meanwhile.
_SCRIPT = """
import importlib.abc, sys, threading, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.startswith(("kubernetes.dynamic", "kubernetes.watch", "kubernetes.utils")):
            time.sleep(0.02)

sys.meta_path.insert(0, Slow())

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kubernetes.client import Cluster, Place

cluster = Cluster({"kubeconfig": '''
apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: x, user: x}}]
clusters: [{name: x, cluster: {server: "http://10.9.9.9:9"}}]
users: [{name: x, user: {}}]
'''})
found = set()

def first_call():
    try:
        cluster.get(Place(api_version="v1", kind="Secret", namespace="a", name="b"))
    except RefusedError:
        found.add("refused")
    except BaseException as error:
        found.add(repr(error))

threads = [threading.Thread(target=first_call) for _ in range(80)]
for each in threads:
    each.start()
    time.sleep(0.01)
for each in threads:
    each.join()
sys.exit(", ".join(found - {"refused"}) or 0)
"""


def test_threads_that_begin_together_share_one_whole_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")

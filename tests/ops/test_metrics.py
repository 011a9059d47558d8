import pytest
import requests

from custody.watch import Seen
from ops.metrics import TYPE, MetricsError, serving, text

URL = "https://127.0.0.1:8200"


class _Watch:
    """As much of a watch as is served."""

    def __init__(self) -> None:
        self.seen = {
            URL: Seen(answers=True, initialised=True, sealed=False, leads=True, unsealed_times=2),
            f"{URL}1": Seen(failures=3),
        }
        self.alive = True


def test_a_server_has_its_name_where_its_address_is_of_the_moment(free_port: int) -> None:
    watch = _Watch()

    with serving(f"127.0.0.1:{free_port}", watch, lambda url: url.replace(URL, "pod vault/vault-")):  # type: ignore[arg-type]
        found = requests.get(f"http://127.0.0.1:{free_port}/metrics", timeout=5).text

    assert 'strongroom_server_leader{server="pod vault/vault-"} 1' in found
    assert 'strongroom_server_up{server="pod vault/vault-1"} 0' in found
    assert URL not in found


def test_each_server_has_a_line_for_each_metric() -> None:
    lines = text(_Watch().seen).splitlines()

    assert f'strongroom_server_leader{{server="{URL}"}} 1' in lines
    assert f'strongroom_server_sealed{{server="{URL}"}} 0' in lines
    assert f'strongroom_server_initialised{{server="{URL}"}} 1' in lines
    assert f'strongroom_unseals_total{{server="{URL}"}} 2' in lines
    assert f'strongroom_server_up{{server="{URL}1"}} 0' in lines
    assert f'strongroom_unseal_failures_total{{server="{URL}1"}} 3' in lines
    for line in lines:
        assert line.startswith(("# HELP ", "# TYPE ", "strongroom_"))


def test_metrics_and_health_are_answered_and_nothing_else(free_port: int) -> None:
    watch = _Watch()
    at = f"http://127.0.0.1:{free_port}"

    with serving(f"127.0.0.1:{free_port}", watch):  # type: ignore[arg-type]
        metrics = requests.get(f"{at}/metrics", timeout=5)
        assert (metrics.status_code, metrics.headers["Content-Type"]) == (200, TYPE)
        assert metrics.text == text(watch.seen)
        assert requests.get(f"{at}/healthz", timeout=5).status_code == 200
        watch.alive = False
        assert requests.get(f"{at}/healthz", timeout=5).status_code == 503
        assert requests.get(f"{at}/", timeout=5).status_code == 404
        with (
            pytest.raises(MetricsError, match="give a free host:port"),
            serving(f"127.0.0.1:{free_port}", watch),  # type: ignore[arg-type]
        ):
            pass


@pytest.mark.parametrize("address", ["9410", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999"])
def test_what_is_no_address_is_said(address: str) -> None:
    with (
        pytest.raises(MetricsError, match="can't be answered at"),
        serving(address, _Watch()),  # type: ignore[arg-type]
    ):
        pass

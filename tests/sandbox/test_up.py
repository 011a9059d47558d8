"""What `make up` says of its own work."""

from pathlib import Path

from sandbox.layout import Layout, password
from sandbox.up import how_kept


def test_a_secret_whose_value_is_there_is_taken_up_again_and_not_generated(tmp_path: Path) -> None:
    layout = Layout(checkout=tmp_path)
    layout.prepare()

    first = how_kept(layout, "bankToken")
    password(layout, "bankToken")
    again = how_kept(layout, "bankToken")

    assert first == "generated stack secret bankToken (.sandbox/passwords/bankToken)"
    assert again == "stack secret bankToken taken up again (.sandbox/passwords/bankToken)"

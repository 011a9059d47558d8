"""Volumes of a cluster without a provisioner: what was released is given again, empty."""

import shutil
from pathlib import Path

from reach.pods import core


def renew_released_volumes() -> None:
    """Empty and free volumes of hostPath whose claim is gone; elsewhere the provisioner deletes them."""
    client = core(None)
    for volume in client.list_persistent_volume().items:
        place = volume.spec.host_path
        if volume.status.phase != "Released" or place is None:
            continue
        directory = Path(place.path)
        for entry in directory.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        client.patch_persistent_volume(volume.metadata.name, {"spec": {"claimRef": None}})

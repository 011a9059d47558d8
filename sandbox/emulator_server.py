"""The AWS emulator's process: one moto, whose memory holds everything, behind one port of several addresses.

Run by its path, as `emulator_server.py <port> <address>...`; it imports nothing of ours.
"""

import os
import sys
from threading import Thread

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


def main() -> None:
    """Serve until a signal ends us."""
    port, *addresses = sys.argv[1:]
    # moto names its own address in some answers.
    os.environ["MOTO_PORT"] = port
    application = DomainDispatcherApplication(create_backend_app)
    # All of them before the first answers: an address that can't be had ends the process.
    servers = [
        make_server(each, int(port), application, threaded=True, request_handler=MotoRequestHandler)
        for each in addresses
    ]
    for server in servers[1:]:
        Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()

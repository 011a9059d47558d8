"""The embedded environment: toolchain, AWS emulator, stand-in plugins, `make up` and `make down`.

The only room that knows that emulators and stand-ins exist. Run as `python -m sandbox <command>`.
"""

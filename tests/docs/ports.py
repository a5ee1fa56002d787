"""Ports for servers that bind them by themselves."""

import random
import socket

# Below those that Linux gives to whoever asks for any: one of them could be taken before the server
# that it is meant for listens there.
PORTS = range(20_000, 32_000)


def free_port():
    for port in random.sample(PORTS, 100):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port is free among 100 of {PORTS}")

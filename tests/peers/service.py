"""`host serve` for as long as a block of code runs."""

import contextlib
import json
import os
import subprocess


@contextlib.contextmanager
def serving(host, data_root, **settings):
    """Yields the process and its port; every setting is a `PBUF_SERVE_*` variable in lower case without that prefix."""
    # Nobody is refused for asking often: that is what the peers here do.
    settings = {"requests_per_second": "1000000", **settings}
    environment = {**os.environ, **{f"PBUF_SERVE_{name.upper()}": value for name, value in settings.items()}}
    command = [host, "--data-root", data_root, "serve", "--listen", "127.0.0.1:0", "--json"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    try:
        said = ""
        while not said.endswith("\n}\n"):
            line = service.stdout.readline().decode()
            if not line:
                raise SystemExit("the service ended before it listened")
            said += line
        yield service.pid, int(json.loads(said)["data"]["address"].rsplit(":", 1)[1])
    finally:
        service.terminate()
        service.wait()

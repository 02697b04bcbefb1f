"""Lets schemathesis make requests out of the OpenAPI document of `host serve`, sound ones and hostile ones, and ends with
its code: no answer may be a 5xx or one that the document does not know.

Usage: schema.py HOST DATA_ROOT SCHEMATHESIS

The requests bear the token, so they ask for runs too; DATA_ROOT should be one that nobody needs.
"""

import os
import subprocess
import sys
import tempfile

from service import serving

TOKEN = "schemathesis-schemathesis-schemathesis"


def main(host, data_root, schemathesis):
    with tempfile.TemporaryDirectory() as folder:
        token = os.path.join(folder, "token")
        with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        with serving(host, data_root, token_file=token) as (_, port):
            command = [schemathesis, "run", f"http://127.0.0.1:{port}/openapi.json", "--no-color"]
            command += ["--header", f"Authorization: Bearer {TOKEN}", "--max-examples", "30", "--seed", "1"]
            # That a request must name a module or a dataset, one of them, is no property of a single field.
            command += ["--exclude-checks", "positive_data_acceptance", "--warnings", "off"]
            command += ["--generation-database", "none"]
            sys.exit(subprocess.run(command, cwd=folder).returncode)


main(*sys.argv[1:])

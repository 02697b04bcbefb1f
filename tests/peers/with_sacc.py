"""Loads exported files with the package sacc itself and prints what it holds, warnings being errors.

Standard input: {"jobs": [{"name": NAME, "file": FILE}]}.
Standard output: {NAME: CONTENT}, where CONTENT is what stands in the file in the order of the covariance, and has to
survive saving by sacc, another order of the points, and the selection of every second of them.
"""

import json
import os
import sys
import tempfile
import warnings

import numpy as np
import sacc
from astropy.io import fits


def plain(value):
    """A number or text of numpy as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def content(data):
    return {
        "types": [point.data_type for point in data.data],
        "parsed": [sacc.parse_data_type_name(point.data_type).statistic for point in data.data],
        "tracers": [[str(tracer) for tracer in point.tracers] for point in data.data],
        "values": [float(value) for value in data.mean],
        "tags": [{key: plain(value) for key, value in point.tags.items()} for point in data.data],
        "covariance": data.covariance.dense.tolist(),
        "metadata": {key: plain(value) for key, value in data.metadata.items()},
        "known_tracers": sorted(str(name) for name in data.tracers),
    }


def assert_kept_together(data):
    """Whatever SACC does to the points, the name of each still leads to its variance."""
    variances = {point["row_id"]: data.covariance.dense[row, row] for row, point in enumerate(data.data)}
    assert len(variances) == len(data)

    def check(other):
        for row, point in enumerate(other.data):
            assert other.covariance.dense[row, row] == variances[point["row_id"]], point["row_id"]

    ordered = data.copy()
    ordered.to_canonical_order()
    check(ordered)
    halved = data.copy()
    halved.keep_indices(np.arange(0, len(data), 2))
    check(halved)


def main():
    warnings.simplefilter("error")
    answer = {}
    for job in json.load(sys.stdin)["jobs"]:
        with fits.open(job["file"]) as file:
            file.verify("exception")
        data = sacc.Sacc.load_fits(job["file"])
        answer[job["name"]] = content(data)
        assert_kept_together(data)
        with tempfile.TemporaryDirectory() as folder:
            saved = os.path.join(folder, "again.fits")
            data.save_fits(saved)
            assert content(sacc.Sacc.load_fits(saved)) == answer[job["name"]]
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

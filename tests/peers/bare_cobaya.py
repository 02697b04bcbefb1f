"""Cobaya's own class bao.generic on a vector and its covariance: read and inverted, nothing checked, nothing written.

Usage: bare_cobaya.py MEAN COVARIANCE EMPTY_FOLDER
"""

import os
import sys

from cobaya.likelihoods.bao.generic import generic


def main(mean, covariance, packages):
    # Cobaya reads no file before it finds the record of an installed data package.
    record = os.path.join(packages, "data", "bao_data")
    os.makedirs(record)
    with open(os.path.join(record, "version.dat"), "w", encoding="utf-8") as file:
        file.write("v999\n")
    info = {"path": "/", "measurements_file": os.path.abspath(mean), "cov_file": os.path.abspath(covariance)}
    likelihood = generic(info, packages_path=packages, standalone=True)
    assert likelihood.invcov.shape == (len(likelihood.data), len(likelihood.data))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Cobaya's own class sn.pantheonplus on a table and its covariance: read and inverted, nothing checked, nothing written.

Usage: bare_cobaya_sn.py TABLE COVARIANCE EMPTY_FOLDER
"""

import os
import sys

from cobaya.likelihoods.sn.pantheonplus import PantheonPlus


def main(table, covariance, packages):
    # Cobaya reads no file before it finds the record of an installed data package.
    record = os.path.join(packages, "data", "sn_data")
    os.makedirs(record)
    with open(os.path.join(record, "version.dat"), "w", encoding="utf-8") as file:
        file.write("v999\n")
    settings = os.path.join(packages, "numbers.dataset")
    with open(settings, "w", encoding="utf-8") as file:
        file.write("name = numbers\n")
        file.write(f"data_file = {os.path.abspath(table)}\nmag_covmat_file = {os.path.abspath(covariance)}\n")
    likelihood = PantheonPlus(
        {"path": packages, "dataset_file": settings}, packages_path=packages, standalone=True
    )
    assert likelihood.invcov.shape == (len(likelihood.mag), len(likelihood.mag))


if __name__ == "__main__":
    main(*sys.argv[1:])

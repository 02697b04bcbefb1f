"""Loads exported likelihood blocks in Cobaya itself, each as it was written, and prints -2 ln L.

Standard input: {"cosmologies": {...}, "packages": DIR, "jobs": [{"name": NAME, "yaml": FILE}]}.
Standard output: {NAME: {"A": number, ...}}. DIR is an empty folder: Cobaya wants a record of an installed data package
there before it reads a file from anywhere else.
"""

import json
import os
import sys

import numpy as np
from cobaya.model import get_model
from cobaya.theory import Theory
from cobaya.yaml import yaml_load_file

from theory import SPEED_OF_LIGHT_KM_S, Cosmology


CURRENT = {}


class FlatLcdm(Theory):
    """Answers what bao.generic asks for, for the cosmology in CURRENT."""

    def get_can_provide(self):
        return ["angular_diameter_distance", "Hubble", "rdrag", "fsigma8"]

    def get_can_provide_params(self):
        return ["rdrag"]

    def get_can_support_params(self):
        return ["which"]

    def calculate(self, state, want_derived=True, **parameters):
        state["derived"] = {"rdrag": CURRENT["cosmology"].ruler}

    def get_param(self, name):
        return CURRENT["cosmology"].ruler

    def get_angular_diameter_distance(self, z):
        return np.array([CURRENT["cosmology"].transverse(x) / (1 + x) for x in np.atleast_1d(z)])

    def get_Hubble(self, z, units="km/s/Mpc"):
        hubble = np.array([CURRENT["cosmology"].hubble(x) for x in np.atleast_1d(z)])
        return hubble / SPEED_OF_LIGHT_KM_S if units == "1/Mpc" else hubble

    def get_fsigma8(self, z):
        return np.array([CURRENT["cosmology"].growth(x) for x in np.atleast_1d(z)])


def main():
    task = json.load(sys.stdin)
    for package in ("bao_data", "sn_data"):
        record = os.path.join(task["packages"], "data", package)
        os.makedirs(record)
        with open(os.path.join(record, "version.dat"), "w", encoding="utf-8") as file:
            file.write("v999\n")
    cosmologies = {label: Cosmology(parameters) for label, parameters in task["cosmologies"].items()}
    answer = {}
    for job in task["jobs"]:
        info = yaml_load_file(job["yaml"])
        info["theory"] = {"flat_lcdm": {"external": FlatLcdm}}
        # A parameter that differs between the cosmologies, so that nothing of the one is kept for the other.
        info["params"] = {"which": {"prior": {"min": -1, "max": 9}}}
        info["packages_path"] = task["packages"]
        info["debug"] = 50
        model = get_model(info)
        answer[job["name"]] = {}
        for number, (label, cosmology) in enumerate(cosmologies.items()):
            CURRENT["cosmology"] = cosmology
            [logarithm] = model.loglikes({"which": float(number)}, return_derived=False, cached=False)
            answer[job["name"]][label] = -2 * float(logarithm)
        model.close()
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

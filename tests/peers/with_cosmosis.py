"""Runs exported likelihood files on the interface that CosmoSIS 3 documents, and prints -2 ln L.

CosmoSIS itself wants a Fortran compiler to install, so its interface stands in for it here: the options of a section,
the data block, and what `GaussianLikelihood` promises of its methods (cosmosis/gaussian_likelihood.py of version 3.26).

Standard input: {"cosmologies": {...}, "jobs": [{"name": NAME, "ini": FILE}]}.
Standard output: {NAME: {"A": number, ...}}.
"""

import configparser
import importlib.util
import json
import sys
import types

import numpy as np

from theory import SPEED_OF_LIGHT_KM_S, Cosmology


class Names:
    """cosmosis.datablock.names: each section is called by its name."""

    def __getattr__(self, name):
        return name


class Options:
    """cosmosis.datablock.SectionOptions."""

    def __init__(self, section):
        self.section = section

    def has_value(self, name):
        return name in self.section

    def __getitem__(self, name):
        return self.section[name]

    def get_string(self, name, default=None):
        assert default is not None or name in self.section, f"no option {name}"
        return self.section.get(name, default)

    def get_double(self, name, default=None):
        return float(self.get_string(name, default))


class Block(dict):
    """cosmosis.datablock.DataBlock: names are the same in lower and upper case."""

    def __setitem__(self, key, value):
        super().__setitem__((key[0].lower(), key[1].lower()), value)

    def __getitem__(self, key):
        return super().__getitem__((key[0].lower(), key[1].lower()))


class GaussianLikelihood:
    """cosmosis.gaussian_likelihood.GaussianLikelihood, as far as a likelihood with constant covariance sees it."""

    def __init__(self, options):
        self.options = options
        self.data_x, self.data_y = self.build_data()
        self.cov = self.build_covariance()
        self.kind = options.get_string("kind", "cubic")
        if options.has_value("like_name"):
            self.like_name = options["like_name"]

    def do_likelihood(self, block):
        residual = np.atleast_1d(self.extract_theory_points(block)) - np.atleast_1d(self.data_y)
        chi2 = residual @ np.linalg.solve(self.cov, residual)
        block["likelihoods", self.like_name + "_LIKE"] = -0.5 * float(chi2)

    @classmethod
    def build_module(cls):
        def execute(block, config):
            config.do_likelihood(block)
            return 0

        return (lambda options: cls(Options(options))), execute, (lambda config: None)


def install():
    package = types.ModuleType("cosmosis")
    package.datablock = types.ModuleType("cosmosis.datablock")
    package.datablock.names = Names()
    package.gaussian_likelihood = types.ModuleType("cosmosis.gaussian_likelihood")
    package.gaussian_likelihood.GaussianLikelihood = GaussianLikelihood
    for module in (package, package.datablock, package.gaussian_likelihood):
        sys.modules[module.__name__] = module


def block_of(cosmology):
    """What the module `camb` of the standard library leaves in the block, late or early redshifts first."""
    redshifts = np.linspace(0, 3, 1501)[::-1]
    block = Block()
    block["distances", "z"] = block["growth_parameters", "z"] = redshifts
    block["distances", "d_a"] = np.array([cosmology.transverse(z) / (1 + z) for z in redshifts])
    block["distances", "h"] = np.array([cosmology.hubble(z) for z in redshifts]) / SPEED_OF_LIGHT_KM_S
    block["distances", "rs_zdrag"] = cosmology.ruler
    block["growth_parameters", "fsigma_8"] = np.array([cosmology.growth(z) for z in redshifts])
    return block


def main():
    install()
    task = json.load(sys.stdin)
    blocks = {label: block_of(Cosmology(parameters)) for label, parameters in task["cosmologies"].items()}
    answer = {}
    for job in task["jobs"]:
        ini = configparser.ConfigParser()
        ini.read(job["ini"], encoding="utf-8")
        [name] = ini.sections()
        specification = importlib.util.spec_from_file_location("likelihood", ini[name]["file"])
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        config = module.setup(ini[name])
        answer[job["name"]] = {}
        for label, block in blocks.items():
            assert module.execute(block, config) == 0
            answer[job["name"]][label] = -2 * block["likelihoods", name + "_like"]
        module.cleanup(config)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

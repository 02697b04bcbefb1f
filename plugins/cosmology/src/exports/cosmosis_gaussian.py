"""Gaussian likelihood of the dataset {name}, for CosmoSIS 3.

Reads {name}_cosmosis_data.txt and {name}_cosmosis_cov.txt beside this file. What each row measures stands in its
column `quantity`, or is that of the option `quantity`. Theory is taken from the data block as the modules of the
standard library leave it there:

  distances: z, d_a (Mpc), h (1/Mpc), rs_zdrag (Mpc)
  growth_parameters: z, fsigma_8
  cmb_distance_priors: a number for each quantity of a compressed CMB, by its name in lower case, from a module that
    follows the conventions of the dataset

Options: `ruler_scale`, which multiplies rs_zdrag wherever it enters; those of GaussianLikelihood.
"""

import os

import numpy as np
from scipy.interpolate import interp1d

from cosmosis.datablock import names
from cosmosis.gaussian_likelihood import GaussianLikelihood

SPEED_OF_LIGHT_KM_S = 299792.458
HERE = os.path.dirname(os.path.abspath(__file__))


class DatasetLikelihood(GaussianLikelihood):
    x_section = y_section = names.distances
    x_name = "z"
    y_name = "d_a"
    like_name = "{name}"

    def build_data(self):
        path = os.path.join(HERE, "{name}_cosmosis_data.txt")
        table = np.atleast_1d(np.genfromtxt(path, names=True, dtype=None, encoding="utf-8"))
        columns = table.dtype.names
        if "quantity" in columns:
            self.quantities = [str(quantity) for quantity in table["quantity"]]
        else:
            self.quantities = [self.options.get_string("quantity")] * len(table)
        self.ruler_scale = self.options.get_double("ruler_scale", 1.0)
        redshifts = table["z"] if "z" in columns else np.full(len(table), np.nan)
        return redshifts, table["value"]

    def build_covariance(self):
        return np.loadtxt(os.path.join(HERE, "{name}_cosmosis_cov.txt"), ndmin=2)

    def extract_theory_points(self, block):
        return np.array([self.theory(block, *row) for row in zip(self.quantities, self.data_x)])

    def at(self, block, section, name, z):
        x, y = block[section, "z"], block[section, name]
        order = np.argsort(x)
        return float(interp1d(x[order], y[order], kind=self.kind)(z))

    def theory(self, block, quantity, z):
        if np.isnan(z):
            return block["cmb_distance_priors", quantity.lower()]
        if quantity == "f_sigma8":
            return self.at(block, names.growth_parameters, "fsigma_8", z)
        hubble = self.at(block, names.distances, "h", z)
        if quantity == "H":
            return SPEED_OF_LIGHT_KM_S * hubble
        angular = self.at(block, names.distances, "d_a", z)
        transverse = (1 + z) * angular
        spherical = (z * transverse**2 / hubble) ** (1 / 3)
        if quantity == "F_AP":
            return transverse * hubble
        ruler = block[names.distances, "rs_zdrag"] * self.ruler_scale
        return {
            "DM_over_rs": transverse / ruler,
            "DH_over_rs": 1 / (hubble * ruler),
            "DV_over_rs": spherical / ruler,
            "DA_over_rs": angular / ruler,
            "rs_over_DV": ruler / spherical,
            "Hz_rs": SPEED_OF_LIGHT_KM_S * hubble * ruler,
        }[quantity]


setup, execute, cleanup = DatasetLikelihood.build_module()

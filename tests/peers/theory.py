"""Distances, expansion rate and growth of flat LCDM without radiation, from their definitions.

E(z)^2 = Om (1+z)^3 + 1 - Om; D_M = c/H0 int_0^z dz'/E; D_H = c/H; D_V = (z D_M^2 D_H)^(1/3).
Growth is the growing solution in closed form: with x = a^3 (1-Om)/Om, D = a 2F1(1/3, 1; 11/6; -x), normalised to 1
today, and f = dlnD/dlna = 1 - (6x/11) 2F1(4/3, 2; 17/6; -x) / 2F1(1/3, 1; 11/6; -x).

Nothing here knows the host; the tests compare what others read from its exports with these functions.
"""

import math

from scipy.integrate import quad
from scipy.special import hyp2f1

SPEED_OF_LIGHT_KM_S = 299792.458


class Cosmology:
    """H0 in km/s/Mpc, matter density today, sound horizon at the drag epoch in Mpc, sigma8 today."""

    def __init__(self, parameters):
        self.hubble_constant = parameters["H0"]
        self.matter = parameters["Om"]
        self.ruler = parameters["rd"]
        self.sigma8 = parameters["s8"]
        self.baryons = parameters.get("ombh2")

    def hubble(self, z):
        """H(z) in km/s/Mpc."""
        return self.hubble_constant * math.sqrt(self.matter * (1 + z) ** 3 + 1 - self.matter)

    def transverse(self, z):
        """D_M(z) in Mpc."""
        integral, _ = quad(lambda x: 1 / self.hubble(x), 0, z, epsabs=0, epsrel=1e-13, limit=200)
        return SPEED_OF_LIGHT_KM_S * integral

    def radial(self, z):
        """D_H(z) in Mpc."""
        return SPEED_OF_LIGHT_KM_S / self.hubble(z)

    def spherical(self, z):
        """D_V(z) in Mpc."""
        return (z * self.transverse(z) ** 2 * self.radial(z)) ** (1 / 3)

    def growth(self, z):
        """f(z) sigma8(z)."""
        scale = 1 / (1 + z)
        ratio = (1 - self.matter) / self.matter

        def shape(x):
            return hyp2f1(1 / 3, 1, 11 / 6, -x)

        x = scale**3 * ratio
        amplitude = scale * shape(x) / shape(ratio)
        rate = 1 - 6 * x / 11 * hyp2f1(4 / 3, 2, 17 / 6, -x) / shape(x)
        return rate * self.sigma8 * amplitude

    def distance_priors(self):
        """R, l_A and omega_b in the convention of Chen, Huang & Wang 2019, arXiv:1808.05724.

        z* by Hu & Sugiyama 1996 with 0.0783; Omega_r = Omega_m/(1 + z_eq), z_eq = 2.5e4 omega_m (T/2.7)^-4; baryon to
        photon ratio 31500 omega_b (T/2.7)^-4 a; T = 2.7255 K.
        """
        h2 = (self.hubble_constant / 100) ** 2
        omega_b, omega_m, heat = self.baryons, self.matter * h2, (2.7255 / 2.7) ** -4
        g1 = 0.0783 * omega_b**-0.238 / (1 + 39.5 * omega_b**0.763)
        g2 = 0.560 / (1 + 21.1 * omega_b**1.81)
        z_star = 1048 * (1 + 0.00124 * omega_b**-0.738) * (1 + g1 * omega_m**g2)
        radiation = self.matter / (1 + 2.5e4 * omega_m * heat)

        def squared(a):
            """a^4 E^2."""
            return self.matter * a + radiation + (1 - self.matter - radiation) * a**4

        start = 1 / (1 + z_star)
        unit = SPEED_OF_LIGHT_KM_S / self.hubble_constant
        options = {"epsabs": 0, "epsrel": 1e-13, "limit": 500}
        distance = unit * quad(lambda x: math.exp(x) / math.sqrt(squared(math.exp(x))), math.log(start), 0, **options)[0]
        loading = 31500 * omega_b * heat
        horizon = unit * quad(lambda a: 1 / math.sqrt(3 * (1 + loading * a) * squared(a)), 0, start, **options)[0]
        shift = math.sqrt(self.matter) * self.hubble_constant * distance / SPEED_OF_LIGHT_KM_S
        return [shift, math.pi * distance / horizon, omega_b]

    def observable(self, quantity, z, ruler_scale=1.0):
        """What a measurement of `quantity` at `z` would be; `ruler_scale` multiplies r_d wherever it enters."""
        ruler = self.ruler * ruler_scale
        if quantity == "DM_over_rs":
            return self.transverse(z) / ruler
        if quantity == "DH_over_rs":
            return self.radial(z) / ruler
        if quantity == "DV_over_rs":
            return self.spherical(z) / ruler
        if quantity == "DA_over_rs":
            return self.transverse(z) / (1 + z) / ruler
        if quantity == "rs_over_DV":
            return ruler / self.spherical(z)
        if quantity == "Hz_rs":
            return self.hubble(z) * ruler
        if quantity == "F_AP":
            return self.transverse(z) / self.radial(z)
        if quantity == "f_sigma8":
            return self.growth(z)
        raise ValueError(f"unknown quantity {quantity}")

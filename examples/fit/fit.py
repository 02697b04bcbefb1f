"""Fits Omega_m, and w with `--w`, to prepared datasets of distances, supernovae and expansion rates, with numpy alone.

    host prepare --plugin bao && host prepare --plugin sn && host prepare --plugin cc
    host export desi_dr2_bao union3_sn moresco2020_cc --format npz --output .
    python fit.py [--w] desi_dr2_bao.npz union3_sn.npz moresco2020_cc.npz

An export carries everything a fit needs: identity of each row, what it measures, redshift, value, covariance. The model
is a flat universe of matter and dark energy with a constant w, without radiation. What each dataset leaves open, H0 r_d,
the magnitude of a supernova, or H0, is linear in its observable and profiled over in closed form, so the grid has two
dimensions at most.
"""

import json
import sys

import numpy as np

SPEED_OF_LIGHT_KM_S = 299792.458
NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


def expansion(z, omega_m, w):
    """E(z) = H(z)/H0."""
    return np.sqrt(omega_m * (1 + z) ** 3 + (1 - omega_m) * (1 + z) ** (3 * (1 + w)))


def distance(z, omega_m, w):
    """D_M in units of c/H0, by Gauss-Legendre quadrature."""
    at = 0.5 * z[:, None] * (NODES + 1)
    return 0.5 * z * np.sum(WEIGHTS / expansion(at, omega_m, w), axis=1)


def acoustic_oscillations(data, omega_m, w):
    """D/r_d; the amplitude left open is c/(H0 r_d)."""
    z = data["z"]
    d_m, d_h = distance(z, omega_m, w), 1 / expansion(z, omega_m, w)
    known = {"DM_over_rs": d_m, "DH_over_rs": d_h, "DV_over_rs": np.cbrt(z * d_m**2 * d_h)}
    unknown = set(data["quantity"]) - set(known)
    if unknown:
        raise SystemExit(f"this fit knows no {', '.join(sorted(unknown))}")
    shape = np.choose([list(known).index(quantity) for quantity in data["quantity"]], list(known.values()))
    return np.zeros_like(z), shape


def supernovae(data, omega_m, w):
    """5 log10 of the luminosity distance; the constant left open is absolute magnitude and H0."""
    # Binned samples publish one redshift, and the heliocentric one is null.
    z_hel = np.where(np.isnan(data["z_hel"]), data["z"], data["z_hel"])
    luminosity = (1 + z_hel) * distance(data["z"], omega_m, w)
    return 5 * np.log10(luminosity), np.ones_like(luminosity)


def chronometers(data, omega_m, w):
    """H(z); the amplitude left open is H0."""
    return np.zeros_like(data["z"]), expansion(data["z"], omega_m, w)


MODELS = {"bao": acoustic_oscillations, "sn": supernovae, "cc": chronometers}


class Dataset:
    """An export with its covariance factored. `chi2` profiles over the amplitude A of `offset + A shape`."""

    def __init__(self, path):
        with np.load(path, allow_pickle=False) as archive:
            self.data = {name: archive[name] for name in archive.files}
        self.metadata = json.loads(str(self.data["metadata_json"]))
        module = self.metadata["module"]["id"]
        if module not in MODELS:
            raise SystemExit(f"{path}: this fit reads datasets of {', '.join(MODELS)}, not of {module}")
        self.model = MODELS[module]
        self.inverse_factor = np.linalg.inv(np.linalg.cholesky(self.data["covariance"]))
        self.observable = self.inverse_factor @ self.data["observable"]

    def chi2(self, omega_m, w):
        return self.profile(omega_m, w)[0]

    def profile(self, omega_m, w):
        """chi-squared, and the amplitude that makes it smallest."""
        offset, shape = self.model(self.data, omega_m, w)
        residual = self.observable - self.inverse_factor @ offset
        shape = self.inverse_factor @ shape
        amplitude = residual @ shape / (shape @ shape)
        return residual @ residual - amplitude * (residual @ shape), amplitude


def grid(datasets, omega_m, w):
    """chi-squared of all datasets together at every pair."""
    return np.array([[sum(dataset.chi2(om, value) for dataset in datasets) for value in w] for om in omega_m])


def moments(values, weights):
    mean = np.sum(values * weights) / np.sum(weights)
    return mean, np.sqrt(np.sum((values - mean) ** 2 * weights) / np.sum(weights))


def main(arguments):
    datasets = [Dataset(path) for path in arguments if path != "--w"]
    omega_m = np.linspace(0.1, 0.6, 251)
    w = np.linspace(-1.6, -0.4, 121) if "--w" in arguments else np.array([-1.0])
    chi2 = grid(datasets, omega_m, w)
    best = np.unravel_index(np.argmin(chi2), chi2.shape)
    likelihood = np.exp(-0.5 * (chi2 - chi2.min()))

    points = sum(len(dataset.observable) for dataset in datasets)
    print(f"{points} points, chi2 = {chi2.min():.2f} at Omega_m = {omega_m[best[0]]:.3f}, w = {w[best[1]]:.2f}")
    print("Omega_m = {:.4f} +- {:.4f}".format(*moments(omega_m, likelihood.sum(axis=1))))
    if len(w) > 1:
        print("w       = {:.3f} +- {:.3f}".format(*moments(w, likelihood.sum(axis=0))))
    for dataset in datasets:
        for citation in dataset.metadata["citations"]:
            print("cite:", citation["text"])


if __name__ == "__main__":
    main(sys.argv[1:])

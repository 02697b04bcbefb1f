"""Fits Omega_m and H0 r_d to a prepared BAO dataset, with numpy alone.

    host prepare --plugin bao
    host export desi_dr2_bao --format npz --output .
    python fit.py desi_dr2_bao.npz

The export carries everything a fit needs: identity of each row, quantity, redshift, value, covariance.
"""

import json
import sys

import numpy as np

SPEED_OF_LIGHT_KM_S = 299792.458
NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


def ratios_times_h0_rd(quantity, z, omega_m):
    """D/r_d times H0 r_d [km/s] for each row: flat LCDM without radiation, Gauss-Legendre integral of 1/E."""
    at = 0.5 * z[:, None] * (NODES + 1)
    integral = 0.5 * z * np.sum(WEIGHTS / np.sqrt(omega_m * (1 + at) ** 3 + 1 - omega_m), axis=1)
    d_m = SPEED_OF_LIGHT_KM_S * integral
    d_h = SPEED_OF_LIGHT_KM_S / np.sqrt(omega_m * (1 + z) ** 3 + 1 - omega_m)
    known = {"DM_over_rs": d_m, "DH_over_rs": d_h, "DV_over_rs": np.cbrt(z * d_m**2 * d_h)}
    unknown = set(quantity) - set(known)
    if unknown:
        raise SystemExit(f"this fit knows no {', '.join(sorted(unknown))}")
    return np.choose([list(known).index(q) for q in quantity], list(known.values()))


def moments(values, weights):
    mean = np.sum(values * weights) / np.sum(weights)
    return mean, np.sqrt(np.sum((values - mean) ** 2 * weights) / np.sum(weights))


def main(path):
    data = np.load(path, allow_pickle=False)
    metadata = json.loads(str(data["metadata_json"]))
    factor = np.linalg.cholesky(data["covariance"])
    observable = np.linalg.solve(factor, data["observable"])

    omega_m = np.linspace(0.25, 0.35, 201)
    h0_rd = np.linspace(9800.0, 10500.0, 201)
    chi2 = np.empty((len(omega_m), len(h0_rd)))
    for row, value in enumerate(omega_m):
        shape = np.linalg.solve(factor, ratios_times_h0_rd(data["quantity"], data["z"], value))
        chi2[row] = np.sum((observable - shape / h0_rd[:, None]) ** 2, axis=1)
    best = np.unravel_index(np.argmin(chi2), chi2.shape)
    likelihood = np.exp(-0.5 * (chi2 - chi2.min()))

    print(f"{len(data['z'])} points, chi2 = {chi2.min():.2f} at Omega_m = {omega_m[best[0]]:.3f}")
    print("Omega_m = {:.4f} +- {:.4f}".format(*moments(omega_m, likelihood.sum(axis=1))))
    print("H0 r_d  = {:.0f} +- {:.0f} km/s".format(*moments(h0_rd, likelihood.sum(axis=0))))
    for citation in metadata["citations"]:
        print("cite:", citation["text"])


if __name__ == "__main__":
    main(*sys.argv[1:])

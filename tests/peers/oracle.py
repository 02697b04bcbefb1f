"""Computes -2 ln L from exported files alone, with numpy and scipy: no host, no Cobaya.

Standard input: {"cosmologies": {"A": {...}, ...}, "jobs": [JOB, ...]} with
JOB = {"name": NAME, "directory": DIR, "formats": [FORMAT, ...], "published": {ROLE: FILE, ...}, "option": OPTION}.
Standard output: {NAME: {FORMAT: {"A": number, ...}}}. Formats: cobaya, npz, json, csv, fit.
Fails when a number of a published file is not in the npz archive bit for bit.

For Gaussian data it is chi-squared without the determinant; for tables it is what the table says, interpolated by
cubic splines through every node: of chi-squared, or of ln P. What a dataset is follows from the module that made it;
the option says what the oracle leaves to the analyst: `fixed_magnitude` for a known absolute magnitude of supernovae
with calibrators, `alcock_paczynski` to convert growth from its reference cosmology.
"""

import csv
import json
import os
import sys

import numpy as np
from scipy.interpolate import RectBivariateSpline, UnivariateSpline

from theory import Cosmology


class Gaussian:
    """A vector of measurements with its covariance."""

    def __init__(self, quantities, redshifts, values, covariance, ruler_scale):
        self.rows = list(zip(quantities, redshifts))
        self.values = np.asarray(values, dtype=float)
        self.covariance = np.atleast_2d(np.asarray(covariance, dtype=float))
        self.ruler_scale = ruler_scale
        assert self.covariance.shape == (len(self.rows), len(self.rows)), "covariance and rows differ"

    def minus_two_ln_likelihood(self, cosmology):
        theory = [cosmology.observable(quantity, z, self.ruler_scale) for quantity, z in self.rows]
        residual = np.asarray(theory) - self.values
        return float(residual @ np.linalg.solve(self.covariance, residual))


class Tabulated:
    """A likelihood at the nodes of a grid. `axes` are columns of coordinates, `kind` says what a node holds."""

    def __init__(self, kind, redshift, quantities, axes, values, divisor):
        logarithms = {
            "chi2": lambda chi2: -chi2 / 2,
            "probability": np.log,
            "likelihood_ratio": np.log,
            "log_likelihood": lambda logarithm: logarithm,
        }[kind](np.asarray(values, dtype=float))
        self.redshift, self.quantities, self.divisor = redshift, quantities, divisor
        nodes = [np.unique(axis) for axis in axes]
        self.bounds = [(axis[0], axis[-1]) for axis in nodes]
        if len(nodes) == 1:
            spline = UnivariateSpline(np.asarray(axes[0]), logarithms, s=0)
            self.spline = lambda x: float(spline(x))
        else:
            shape = [len(axis) for axis in nodes]
            # The first axis varies slowest; were it not so, the coordinates would not be these.
            mesh = np.meshgrid(*nodes, indexing="ij")
            assert all(np.array_equal(m.ravel(), axis) for m, axis in zip(mesh, axes)), "nodes out of order"
            spline = RectBivariateSpline(*nodes, logarithms.reshape(shape), kx=3, ky=3)
            self.spline = lambda x, y: float(spline(x, y)[0, 0])

    def minus_two_ln_likelihood(self, cosmology):
        point = [cosmology.observable(quantity, self.redshift) / self.divisor for quantity in self.quantities]
        for coordinate, (low, high) in zip(point, self.bounds):
            assert low <= coordinate <= high, "the model lies outside of the table"
        return -2 * self.spline(*point)


def block_of(path):
    """The settings of the one likelihood block in an exported YAML file, which is `key: value` lines."""
    settings = {}
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if not line.lstrip().startswith("#")]
    assert lines[:2] == ["likelihood:", "  bao.generic:"], lines[:2]
    for line in lines[2:]:
        key, value = line.strip().split(": ", 1)
        settings[key] = json.loads(value) if value.startswith('"') else value
    return settings


def from_cobaya(directory, name, _option):
    """What Cobaya's class bao.generic makes of the exported files."""
    settings = block_of(os.path.join(directory, f"{name}.yaml"))

    def read(key):
        return np.loadtxt(os.path.join(settings["path"], settings[key]), ndmin=2)

    rescale = float(settings.get("rs_rescale", 1 / float(settings.get("rs_fid", 1))))
    rows = []
    if settings["measurements_file"] != "null":
        with open(os.path.join(settings["path"], settings["measurements_file"]), encoding="utf-8") as file:
            rows = [line.split() for line in file if not line.startswith("#")]
    if "grid_file" in settings:
        table = read("grid_file")
        axes = list(table.T[:-1])
        quantities = [settings[f"observable_{axis + 1}"] for axis in range(len(axes))]
        return Tabulated("probability", float(settings["redshift"]), quantities, axes, table.T[-1], 1.0)
    if "prob_dist" in settings:
        chi2 = read("prob_dist")[:, 0]
        low, high = json.loads(settings["prob_dist_bounds"])
        [(z, _, quantity)] = rows
        return Tabulated("chi2", float(z), [quantity], [np.linspace(low, high, len(chi2))], chi2, rescale)
    redshifts = [float(z) for z, _, _ in rows]
    values = [float(value) for _, value, _ in rows]
    quantities = [quantity.removeprefix("bao_") for _, _, quantity in rows]
    return Gaussian(quantities, redshifts, values, read("cov_file"), rescale)


def numeric(column):
    """Floats of a column; NaN where it is null."""
    return np.array([np.nan if field in (None, "") else float(field) for field in np.asarray(column).tolist()])


def truths(column):
    """Truth values of a column, however a format writes them."""
    return np.array([field in (True, 1, "true", "True") for field in np.asarray(column).tolist()])


class Vector:
    """Measured numbers with a covariance; `theory` gives what a cosmology predicts for them."""

    def __init__(self, columns, matrices, theory, free_offset=False):
        self.values = numeric(columns["observable"])
        self.covariance = np.asarray(matrices["covariance"], dtype=float)
        self.theory, self.free_offset = theory, free_offset

    def minus_two_ln_likelihood(self, cosmology):
        residual = self.values - self.theory(cosmology)
        weighted = np.linalg.solve(self.covariance, residual)
        if not self.free_offset:
            return float(residual @ weighted)
        ones = np.ones_like(residual)
        return float(residual @ weighted - weighted.sum() ** 2 / (ones @ np.linalg.solve(self.covariance, ones)))


# Riess et al. 2022 and the release of Pantheon+: the magnitude its distance moduli were made with.
FIXED_MAGNITUDE = -19.253


def supernovae(columns, matrices, option):
    z_hd = numeric(columns["z"])
    z_hel = numeric(columns["z_hel"]) if "z_hel" in columns else np.full_like(z_hd, np.nan)
    z_hel = np.where(np.isnan(z_hel), z_hd, z_hel)

    def modulus(cosmology):
        transverse = np.array([cosmology.transverse(z) for z in z_hd])
        return 5 * np.log10((1 + z_hel) * transverse) + 25

    def calibrated(cosmology):
        calibrates = truths(columns["is_calibrator"])
        return FIXED_MAGNITUDE + np.where(calibrates, numeric(columns["ceph_distance"]), modulus(cosmology))

    if option == "fixed_magnitude":
        return Vector(columns, matrices, calibrated)
    return Vector(columns, matrices, modulus, free_offset=True)


def chronometers(columns, matrices, _option):
    redshifts = numeric(columns["z"])
    return Vector(columns, matrices, lambda cosmology: np.array([cosmology.hubble(z) for z in redshifts]))


def growth(columns, matrices, option):
    redshifts = numeric(columns["z"])
    reference = numeric(columns["reference_omega_matter"])

    def theory(cosmology):
        predicted = np.array([cosmology.growth(z) for z in redshifts])
        if option != "alcock_paczynski":
            return predicted
        # H D_A does not depend on H0, so any will do for the reference; f sigma8 scales with its inverse.
        references = [Cosmology({"H0": 70.0, "Om": om, "rd": 1.0, "s8": 1.0}) for om in reference]
        ratio = [
            cosmology.hubble(z) * cosmology.transverse(z) / (other.hubble(z) * other.transverse(z))
            for z, other in zip(redshifts, references)
        ]
        return predicted / np.array(ratio)

    return Vector(columns, matrices, theory)


def distance_priors(columns, matrices, _option):
    names = list(columns["parameter"])
    assert names == ["R", "l_A", "omega_b"], names
    return Vector(columns, matrices, lambda cosmology: np.array(cosmology.distance_priors()))


def described(columns, matrices, identity, option=None):
    """A likelihood from named columns, named matrices and what stands beside them."""
    metadata = identity["metadata"]
    if identity["module"]["id"] == "sn":
        return supernovae(columns, matrices, option)
    if identity["module"]["id"] == "cc":
        return chronometers(columns, matrices, option)
    if identity["module"]["id"] == "cmb":
        return distance_priors(columns, matrices, option)
    if identity["module"]["id"] == "rsd" and set(columns["quantity"]) == {"f_sigma8"}:
        return growth(columns, matrices, option)
    if "covariance" in matrices:
        convention = metadata["rd_convention"]
        scale = convention["rd_rescale"] or 1 / (convention["fiducial_rd_mpc"] or 1)
        redshifts = [float(z) for z in columns["z"]]
        values = [float(value) for value in columns["observable"]]
        return Gaussian(list(columns["quantity"]), redshifts, values, matrices["covariance"], scale)
    axes = metadata["axes"]
    quantities = [axis["quantity"] for axis in axes]
    coordinates = [np.asarray(columns[axis["column"]], dtype=float) for axis in axes]
    divisor = axes[0]["divided_by"] or 1.0
    return Tabulated(
        metadata["value"], metadata["redshift"], quantities, coordinates, columns["value"], divisor
    )


def from_npz(directory, name, option):
    with np.load(os.path.join(directory, f"{name}.npz"), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    identity = json.loads(str(arrays.pop("metadata_json")))
    matrices = {key: array for key, array in arrays.items() if array.ndim == 2}
    return described(arrays, matrices, identity, option)


def from_json(directory, name, option):
    with open(os.path.join(directory, f"{name}.json"), encoding="utf-8") as file:
        document = json.load(file)
    columns = document["tables"].get("data") or document["tables"]["grid"]
    return described(columns, document["matrices"], document["dataset"], option)


def from_csv(directory, name, option):
    def read(suffix):
        with open(os.path.join(directory, f"{name}_{suffix}.csv"), encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    with open(os.path.join(directory, f"{name}_metadata.json"), encoding="utf-8") as file:
        identity = json.load(file)
    is_grid = "axes" in identity["metadata"]
    heading, *rows = read("grid" if is_grid else "data")
    columns = {title: [row[index] for row in rows] for index, title in enumerate(heading)}
    matrices = {}
    if is_grid:
        columns = {title: [float(field) for field in column] for title, column in columns.items()}
    else:
        heading, *rows = read("covariance")
        assert heading[1:] == columns["row_id"] == [row[0] for row in rows], "rows of the matrix are other rows"
        matrices["covariance"] = [[float(field) for field in row[1:]] for row in rows]
    return described(columns, matrices, identity, option)


def from_fit(directory, name, option):
    with open(os.path.join(directory, f"{name}_fit.json"), encoding="utf-8") as file:
        fit = json.load(file)
    identity = fit["metadata"]
    if "covariance" not in fit:
        return described({**fit, "value": fit["values"]}, {}, identity, option)
    assert np.allclose(np.square(fit["uncertainties"]), np.diag(fit["covariance"]), rtol=1e-12, atol=0)
    columns = {"z": fit.get("redshifts"), "observable": fit["observations"]}
    columns["quantity"] = identity["metadata"].get("quantities", [])
    renamed = {
        "redshifts_heliocentric": "z_hel",
        "is_calibrator": "is_calibrator",
        "calibrator_distance_moduli": "ceph_distance",
        "parameters": "parameter",
        "reference_omega_matter": "reference_omega_matter",
    }
    columns.update({title: fit[field] for field, title in renamed.items() if field in fit})
    return described(columns, {"covariance": fit["covariance"]}, identity, option)


def numbers(path):
    """The numbers of a published table, by Python's own parser."""

    def number(field):
        try:
            return [float(field)]
        except ValueError:
            return []

    with open(path, encoding="utf-8") as file:
        lines = [line.split("#")[0].split() for line in file]
    return [row for row in ([x for field in line for x in number(field)] for line in lines) if row]


def assert_kept(directory, name, published):
    """Every published number is in the npz archive, bit for bit and in the published order."""

    def same(array, expected):
        return np.asarray(array).tobytes() == np.asarray(expected, dtype=float).tobytes()

    with np.load(os.path.join(directory, f"{name}.npz"), allow_pickle=False) as archive:
        if "mean" in published:
            columns = list(zip(*numbers(published["mean"])))
            assert same(archive["z"], columns[0]) and same(archive["observable"], columns[1]), name
        if "covariance" in published:
            kept = archive["precision" if "precision" in archive.files else "covariance"]
            assert same(kept, numbers(published["covariance"])), name
        if "grid" in published:
            *axes, value = zip(*numbers(published["grid"]))
            assert same(archive["value"], value), name
            assert all(same(archive[f"axis_{i + 1}"], axis) for i, axis in enumerate(axes)), name


READERS = {"cobaya": from_cobaya, "npz": from_npz, "json": from_json, "csv": from_csv, "fit": from_fit}


def main():
    task = json.load(sys.stdin)
    cosmologies = {label: Cosmology(parameters) for label, parameters in task["cosmologies"].items()}
    answer = {}
    for job in task["jobs"]:
        assert_kept(job["directory"], job["name"], job["published"])
        answer[job["name"]] = {}
        for form in job["formats"]:
            likelihood = READERS[form](job["directory"], job["name"], job.get("option"))
            answer[job["name"]][form] = {
                label: likelihood.minus_two_ln_likelihood(cosmology) for label, cosmology in cosmologies.items()
            }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

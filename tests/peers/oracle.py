"""Computes -2 ln L from exported files alone, with numpy and scipy: no host, no Cobaya.

Standard input: {"cosmologies": {"A": {...}, ...}, "jobs": [JOB, ...]} with
JOB = {"name": NAME, "directory": DIR, "formats": [FORMAT, ...], "published": {ROLE: FILE, ...}}.
Standard output: {NAME: {FORMAT: {"A": number, ...}}}. Formats: cobaya, npz, json, csv, fit.
Fails when a number of a published file is not in the npz archive bit for bit.

For Gaussian data it is chi-squared without the determinant; for tables it is what the table says, interpolated by
cubic splines through every node: of chi-squared, or of ln P.
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


def from_cobaya(directory, name):
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


def described(columns, matrices, metadata):
    """A likelihood from named columns, named matrices and the metadata beside them."""
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


def from_npz(directory, name):
    with np.load(os.path.join(directory, f"{name}.npz"), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    metadata = json.loads(str(arrays.pop("metadata_json")))["metadata"]
    matrices = {key: array for key, array in arrays.items() if array.ndim == 2}
    return described(arrays, matrices, metadata)


def from_json(directory, name):
    with open(os.path.join(directory, f"{name}.json"), encoding="utf-8") as file:
        document = json.load(file)
    [columns] = document["tables"].values()
    return described(columns, document["matrices"], document["dataset"]["metadata"])


def from_csv(directory, name):
    def read(suffix):
        with open(os.path.join(directory, f"{name}_{suffix}.csv"), encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    with open(os.path.join(directory, f"{name}_metadata.json"), encoding="utf-8") as file:
        metadata = json.load(file)["metadata"]
    heading, *rows = read("grid" if "axes" in metadata else "data")
    columns = {title: [row[index] for row in rows] for index, title in enumerate(heading)}
    matrices = {}
    if "axes" not in metadata:
        heading, *rows = read("covariance")
        assert heading[1:] == columns["row_id"] == [row[0] for row in rows], "rows of the matrix are other rows"
        matrices["covariance"] = [[float(field) for field in row[1:]] for row in rows]
    else:
        columns = {title: [float(field) for field in column] for title, column in columns.items()}
    return described(columns, matrices, metadata)


def from_fit(directory, name):
    with open(os.path.join(directory, f"{name}_fit.json"), encoding="utf-8") as file:
        fit = json.load(file)
    metadata = fit["metadata"]["metadata"]
    matrices = {"covariance": fit["covariance"]} if "covariance" in fit else {}
    if matrices:
        assert np.allclose(np.square(fit["uncertainties"]), np.diag(fit["covariance"]), rtol=1e-12, atol=0)
        fit = {"z": fit["redshifts"], "observable": fit["observations"], "quantity": metadata["quantities"]}
    else:
        fit["value"] = fit["values"]
    return described(fit, matrices, metadata)


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
            likelihood = READERS[form](job["directory"], job["name"])
            answer[job["name"]][form] = {
                label: likelihood.minus_two_ln_likelihood(cosmology) for label, cosmology in cosmologies.items()
            }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

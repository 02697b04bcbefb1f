"""What `host prepare --plugin sn` does with a table and its covariance, in bare numpy: read, check, factor, write.

Usage: bare_numpy_sn.py TABLE COVARIANCE OUTPUT_FOLDER
"""

import os
import sys

import numpy as np


def main(table, covariance, output):
    with open(table, encoding="utf-8") as file:
        heading = file.readline().split()
        rows = [line.split() for line in file if line.strip()]
    columns = {name: np.array(column) for name, column in zip(heading, zip(*rows))}
    redshift, magnitude = (columns[name].astype(float) for name in ("zHD", "m_b_corr"))
    size, *_ = matrix = np.loadtxt(covariance)
    matrix = matrix[1:].reshape(int(size), int(size))

    assert matrix.shape == (len(rows), len(rows)), "the covariance has another size than the table"
    assert np.isfinite(magnitude).all() and np.isfinite(matrix).all(), "not every number is finite"
    assert np.allclose(matrix, matrix.T, rtol=1e-10, atol=0), "not symmetric"
    np.linalg.cholesky(matrix)
    np.savez(os.path.join(output, "data.npz"), z=redshift, observable=magnitude, covariance=matrix)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What `host prepare` does with a vector and its covariance, in bare numpy: read, check, write.

Usage: bare_numpy.py MEAN COVARIANCE OUTPUT_FOLDER
"""

import os
import sys

import numpy as np


def main(mean, covariance, output):
    with open(mean, encoding="utf-8") as file:
        rows = [line.split() for line in file if not line.startswith("#")]
    redshift = np.array([float(row[0]) for row in rows])
    value = np.array([float(row[1]) for row in rows])
    quantity = np.array([row[2] for row in rows])
    matrix = np.loadtxt(covariance, ndmin=2)

    assert matrix.shape == (len(rows), len(rows)), "the covariance has another size than the mean"
    assert np.isfinite(value).all() and np.isfinite(matrix).all(), "not every number is finite"
    assert np.allclose(matrix, matrix.T, rtol=1e-10, atol=0), "not symmetric"
    np.linalg.cholesky(matrix)

    with open(os.path.join(output, "mean.txt"), "w", encoding="utf-8") as file:
        file.writelines(f"{z!r} {x!r} {q}\n" for z, x, q in zip(redshift.tolist(), value.tolist(), quantity))
    np.savetxt(os.path.join(output, "cov.txt"), matrix, fmt="%.17g")
    np.savez(
        os.path.join(output, "data.npz"),
        z=redshift,
        observable=value,
        quantity=quantity,
        uncertainty=np.sqrt(np.diag(matrix)),
        covariance=matrix,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

# %% [markdown]
# # Three probes, one universe
# Reads what `host export … --format npz` wrote, fits a flat universe with a constant w to each dataset and to all of
# them, and shows the regions. Cells are marked with `# %%`, as Jupyter, VS Code and Spyder read them; it also runs from
# the command line: `python notebook.py desi_dr2_bao.npz union3_sn.npz moresco2020_cc.npz`, which writes `fit.png`.

# %%
import sys

import matplotlib

if __name__ == "__main__" and not hasattr(sys, "ps1"):
    matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from fit import Dataset, grid

FILES = [path for path in sys.argv[1:] if path.endswith(".npz")] or [
    "desi_dr2_bao.npz",
    "union3_sn.npz",
    "moresco2020_cc.npz",
]
COLOURS = ["#0072b2", "#e69f00", "#009e73"]  # Okabe and Ito: distinct for everybody

# %% [markdown]
# Each dataset says itself what it is and how to cite it.

# %%
datasets = [Dataset(path) for path in FILES]
for dataset in datasets:
    print(dataset.metadata["title"], "·", len(dataset.observable), "points")

# %% [markdown]
# chi-squared over Omega_m and w. For two parameters of interest, 68.3 % and 95.4 % of the probability lie where it is
# at most 2.30 and 6.18 above its smallest value.

# %%
omega_m = np.linspace(0.1, 0.6, 101)
w = np.linspace(-1.6, -0.4, 61)
LEVELS = [0, 2.30, 6.18]

figure, axis = plt.subplots(figsize=(7, 5), layout="constrained")
handles = []
total = np.zeros((len(omega_m), len(w)))
for dataset, colour in zip(datasets, COLOURS):
    chi2 = grid([dataset], omega_m, w)
    total += chi2
    axis.contourf(omega_m, w, (chi2 - chi2.min()).T, LEVELS, colors=[colour, colour], alpha=0.35)
    axis.contour(omega_m, w, (chi2 - chi2.min()).T, LEVELS[1:], colors=colour, linewidths=1)
    handles.append(plt.Rectangle((0, 0), 1, 1, color=colour, alpha=0.6, label=dataset.metadata["title"]))
axis.contour(omega_m, w, (total - total.min()).T, LEVELS[1:], colors="black", linewidths=1.5)
handles.append(plt.Line2D([], [], color="black", label="all together"))
axis.axhline(-1, color="grey", linewidth=0.8, linestyle=":")
axis.set(xlabel=r"$\Omega_m$", ylabel="$w$", title="68 % and 95 % regions")
axis.legend(handles=handles, loc="lower left", fontsize="small")
figure.savefig("fit.png", dpi=150)
best = np.unravel_index(np.argmin(total), total.shape)
print(f"all together: chi2 = {total.min():.2f} at Omega_m = {omega_m[best[0]]:.3f}, w = {w[best[1]]:.2f}")
plt.show()

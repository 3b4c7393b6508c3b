"""Fits the quickstart's data with PyMC-Marketing and nutpie and prints the figures as JSON.

Usage: with_nutpie.py CSV SEED [quickstart|small_business]
"""

import json
import resource
import sys
import time

START = time.perf_counter()
CPU_START = time.process_time()

import numpy as np
import pandas as pd
import pymc as pm
import nutpie
import arviz as az
from pymc_marketing.mmm import MMM, GeometricAdstock, HillSaturation, LogisticSaturation

IMPORTED = time.perf_counter()

DATA = {
    "quickstart": dict(
        date="date_week",
        target="y",
        channels=["x1", "x2"],
        controls=["event_1", "event_2", "t"],
        saturation=LogisticSaturation,
        seasonality=2,
    ),
    "small_business": dict(
        date="date",
        target="y",
        channels=["x1_Search-Ads", "x2_Social-Media", "x3_Local-Ads", "x4_Email"],
        controls=["c1", "c2"],
        saturation=HillSaturation,
        seasonality=2,
    ),
}


def cpu_seconds():
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in (own, children))


def peak_megabytes():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main():
    path, seed = sys.argv[1], int(sys.argv[2])
    what = DATA[sys.argv[3] if len(sys.argv) > 3 else "quickstart"]
    frame = pd.read_csv(path, parse_dates=[what["date"]])
    mmm = MMM(
        date_column=what["date"],
        channel_columns=what["channels"],
        control_columns=what["controls"],
        adstock=GeometricAdstock(l_max=8),
        saturation=what["saturation"](),
        yearly_seasonality=what["seasonality"],
    )
    target = frame[what["target"]]
    mmm.build_model(frame.drop(columns=[what["target"]]), target)
    built = time.perf_counter()
    compiled_model = nutpie.compile_pymc_model(mmm.model)
    compiled = time.perf_counter()
    trace = nutpie.sample(
        compiled_model, draws=1000, tune=1000, chains=4, cores=2, seed=seed, progress_bar=False
    )
    sampled = time.perf_counter()
    cpu = cpu_seconds()
    memory = peak_megabytes()

    posterior = trace.posterior
    scale = float(target.max())
    contributions = posterior["channel_contribution"].sum("date") * scale
    names = [variable.name for variable in mmm.model.free_RVs]
    figures = posterior[names].copy()
    figures["contribution"] = contributions
    table = az.summary(figures, kind="all", round_to="none")
    seconds = sampled - compiled
    means = {name: [row["mean"], row["mcse_mean"]] for name, row in table.iterrows()}
    print(
        json.dumps(
            {
                "wall": sampled - START,
                "cpu": cpu,
                "import": IMPORTED - START,
                "build": built - IMPORTED,
                "compile": compiled - built,
                "sampling": seconds,
                "min_ess_bulk": float(table["ess_bulk"].min()),
                "min_ess_tail": float(table["ess_tail"].min()),
                "worst_r_hat": float(table["r_hat"].max()),
                "divergences": int(trace.sample_stats["diverging"].sum()),
                "megabytes": memory,
                "means": means,
            }
        )
    )


if __name__ == "__main__":
    main()

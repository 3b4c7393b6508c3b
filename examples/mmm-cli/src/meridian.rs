//! Where the latents of a file of Meridian's are among our parameters.
//!
//! | latent                     | ours                                             |
//! |----------------------------|--------------------------------------------------|
//! | `knot_values`              | `knot[...]` in order                             |
//! | `sigma`                    | `sigma`, or `sigma[geo]`                         |
//! | `tau_g_excl_baseline`      | `level[geo]`                                     |
//! | `alpha_*`, `ec_*`, `slope_*` | `adstock_alpha[...]`, `saturation_kappa[...]`, `saturation_slope[...]` |
//! | `eta_*`, `xi_*`            | `spread[...]`                                    |
//! | `beta_g*_dev`, `gamma_g*_dev` | `offset[..., geo]`                            |
//! | `roi_*`, `mroi_*`, `contribution_*`, `beta_*`, `gamma_*` | `roi[...]`, `marginal_roi[...]`, `share[...]`, `coefficient[...]` |
//!
//! A latent that never changes there (its part of the density is zero) need not be a parameter here.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{
    density::Position,
    spec::{Group, Spec},
};

pub(crate) fn place(
    position: &mut Position<'_>,
    spec: &Spec,
    file: &Value,
    draw: &Value,
) -> anyhow::Result<()> {
    let geos = match texts(&file["geos"])? {
        geos if geos.len() == 1 => vec!["national".to_owned()],
        geos => geos,
    };
    for (latent, value) in draw["latents"].as_object().context("it has no latents")? {
        let numbers = flat(latent, value)?;
        match latent.as_str() {
            "knot_values" => {
                let knots: Vec<String> =
                    position.names().iter().filter(|name| name.starts_with("knot[")).cloned().collect();
                assign(position, latent, &knots, &numbers)?;
            }
            "sigma" if numbers.len() == 1 => position.set(latent, "sigma", numbers[0])?,
            "sigma" => assign(position, latent, &named("sigma", &geos), &numbers)?,
            "tau_g_excl_baseline" => {
                let baseline = file["baseline_geo_idx"].as_u64().context("it has no baseline_geo_idx")?;
                let mut others = geos.clone();
                others.remove(usize::try_from(baseline)?.min(geos.len() - 1));
                assign(position, latent, &named("level", &others), &numbers)?;
            }
            _ => {
                let fixed = draw["log_prob_parts"][latent].as_f64() == Some(0.0);
                owned(position, spec, latent, &numbers, &geos, fixed)?;
            }
        }
    }
    Ok(())
}

/// A latent of media, controls or treatments.
fn owned(
    position: &mut Position<'_>,
    spec: &Spec,
    latent: &str,
    numbers: &[f64],
    geos: &[String],
    fixed: bool,
) -> anyhow::Result<()> {
    let per_geo = latent.ends_with("_dev");
    let plain = latent.strip_suffix("_dev").unwrap_or(latent);
    let (what, group) = plain.rsplit_once('_').with_context(|| format!("{latent} has no group"))?;
    let group = if per_geo { group.strip_prefix('g').unwrap_or(group) } else { group };
    let owners = spec.owners(match group {
        "m" => Group::Paid,
        "rf" => Group::PaidReach,
        "om" => Group::Organic,
        "orf" => Group::OrganicReach,
        "n" => Group::Treatment,
        "c" => Group::Control,
        _ => bail!("{latent} is of no group that is known"),
    })?;
    let names: Vec<String> = if per_geo {
        geos.iter()
            .flat_map(|geo| owners.iter().map(move |owner| format!("offset[{owner}, {geo}]")))
            .collect()
    } else {
        let prefix = match what {
            "alpha" => "adstock_alpha",
            "ec" => "saturation_kappa",
            "slope" => "saturation_slope",
            "eta" | "xi" => "spread",
            "roi" => "roi",
            "mroi" => "marginal_roi",
            "contribution" => "share",
            "beta" | "gamma" => "coefficient",
            _ => bail!("{latent} is not known"),
        };
        named(prefix, &owners)
    };
    if fixed && !names.iter().any(|name| position.has(name)) {
        return Ok(());
    }
    assign(position, latent, &names, numbers)
}

fn named(prefix: &str, owners: &[String]) -> Vec<String> {
    owners.iter().map(|owner| format!("{prefix}[{owner}]")).collect()
}

fn assign(
    position: &mut Position<'_>,
    latent: &str,
    names: &[String],
    numbers: &[f64],
) -> anyhow::Result<()> {
    if names.len() != numbers.len() {
        bail!("{latent} has {} values for {} of ours: {}", numbers.len(), names.len(), names.join(", "));
    }
    names.iter().zip(numbers).try_for_each(|(name, value)| position.set(latent, name, *value))
}

fn flat(latent: &str, value: &Value) -> anyhow::Result<Vec<f64>> {
    match value {
        Value::Array(values) => {
            let parts = values.iter().map(|value| flat(latent, value)).collect::<Result<Vec<_>, _>>()?;
            Ok(parts.concat())
        }
        value => {
            Ok(vec![value.as_f64().with_context(|| format!("{latent} has {value}, which is no number"))?])
        }
    }
}

fn texts(value: &Value) -> anyhow::Result<Vec<String>> {
    let list = value.as_array().context("the file does not name its geos")?;
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

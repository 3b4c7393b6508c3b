//! The coordinates the sampler works in for several geos.
//!
//! * Bounded parameters are on the lines of [`Soft`](crate::model::Soft), where their tails are short.
//! * The offsets `e[g]` of an effect that the data of single geos tell little about stay as they are. Where the
//!   data tell much, what they tell is `k[g] = spread * e[g]`, and that is the coordinate: `spread` and `e`
//!   alone would be a curved ridge. The density changes by `spread^-G`.
//!
//! Which of the two it is, is decided once, at the most probable point: with the derivative `h` of a geo's KPI
//! by `k[g]`, the data tell much where the mean of `k[g]^2` is above that of `sigma^2 / sum of h^2`. Both are
//! exact; a good choice is fast.

use std::sync::Arc;

use crate::{
    fit::{LogDensity, Recorder, Target, climb},
    model::Support,
};

use super::{Form, GeoModel, GeoPosterior, effect::Sharing, layout::Slot};

/// A model with a choice of coordinates. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Coordinates {
    model: GeoModel,
    products: Arc<Vec<Product>>,
    center: Vec<f64>,
}

/// An effect whose offsets are sampled as products with their spread.
#[derive(Clone, Copy, Debug)]
struct Product {
    spread: usize,
    offsets: usize,
}

/// The density in these coordinates, with room for its evaluation.
struct Density {
    coordinates: Coordinates,
    posterior: GeoPosterior,
    position: Vec<f64>,
}

impl Coordinates {
    /// Chooses coordinates for a model.
    pub(super) fn of(model: &GeoModel) -> Self {
        let mut center = model.parts().parameters.usual();
        model.parts().soft.find_places(&mut center);
        let mut plain = Self { model: model.clone(), products: Arc::default(), center };
        let mut density = Density::new(&plain);
        let Some(highest) = climb(&mut density, plain.center.clone()) else { return plain };
        let mut gradient = vec![0.0; highest.position.len()];
        density.log_density(&highest.position, &mut gradient);
        let (products, position) = density.products();
        plain.products = Arc::new(products);
        plain.center = position;
        plain
    }

    /// Writes the unconstrained parameters of a position; returns the logarithm of how far that stretches it.
    fn to_reference(&self, w: &[f64], u: &mut [f64]) -> f64 {
        let geos = self.model.panel().geos().len();
        let mut change = self.model.parts().soft.to_reference(w, u);
        for product in self.products.iter() {
            let spread = u[product.spread].exp();
            u[product.offsets..product.offsets + geos].iter_mut().for_each(|offset| *offset /= spread);
            change -= geos as f64 * u[product.spread];
        }
        change
    }

    /// Turns the derivative by `u` into that by `w`, that of the change of variables included.
    fn pull_back(&self, w: &[f64], u: &[f64], gradient: &mut [f64]) {
        let geos = self.model.panel().geos().len();
        for product in self.products.iter() {
            let spread = u[product.spread].exp();
            let offsets = product.offsets..product.offsets + geos;
            let along: f64 =
                gradient[offsets.clone()].iter().zip(&u[offsets.clone()]).map(|(g, e)| g * e).sum();
            gradient[product.spread] -= along + geos as f64;
            for slope in &mut gradient[offsets] {
                *slope /= spread;
            }
        }
        self.model.parts().soft.pull_back(w, gradient);
    }
}

impl Density {
    fn new(coordinates: &Coordinates) -> Self {
        Self {
            posterior: coordinates.model.posterior(),
            position: vec![0.0; coordinates.model.names().len()],
            coordinates: coordinates.clone(),
        }
    }

    /// The effects about whose single geos the data tell much at the last evaluation, and that point in the
    /// coordinates that follow.
    fn products(&self) -> (Vec<Product>, Vec<f64>) {
        let model = &self.coordinates.model;
        let geos = model.panel().geos().len();
        let mut position = self.position.clone();
        let mut products = Vec::new();
        for (term, of) in model.parts().terms.iter().enumerate() {
            let Sharing::Hierarchical { spread: Slot::Place(spread), offsets, form, .. } = of.effect.sharing
            else {
                continue;
            };
            if model.parts().parameters.priors[spread].prior().support() != Support::Positive {
                continue;
            }
            let width = self.posterior.values()[spread];
            let k: Vec<f64> =
                self.position[offsets..offsets + geos].iter().map(|offset| width * offset).collect();
            let scatter = k.iter().map(|k| k * k).sum::<f64>() / geos as f64;
            let known = self.posterior.knowledge(term, form == Form::LogNormal);
            let told = known.iter().map(|knowledge| 1.0 / knowledge).sum::<f64>() / geos as f64;
            if scatter > told {
                products.push(Product { spread, offsets });
                position[spread] = 0.5 * scatter.ln();
                position[offsets..offsets + geos].copy_from_slice(&k);
            }
        }
        model.parts().soft.find_places(&mut position);
        (products, position)
    }
}

impl LogDensity for Density {
    fn dimensions(&self) -> usize {
        self.position.len()
    }

    fn log_density(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let change = self.coordinates.to_reference(position, &mut self.position);
        let value = self.posterior.log_density(&self.position, gradient);
        self.coordinates.pull_back(position, &self.position, gradient);
        value + change
    }
}

impl Recorder for Density {
    fn record(&mut self, position: &[f64], parameters: &mut [f64], contributions: &mut [f64]) {
        self.coordinates.to_reference(position, &mut self.position);
        self.posterior.log_density(&self.position, parameters);
        parameters.copy_from_slice(self.posterior.values());
        for (kept, contribution) in contributions.iter_mut().zip(self.posterior.contributions()) {
            *kept = contribution;
        }
    }
}

impl Target for Coordinates {
    fn density(&self) -> Box<dyn LogDensity> {
        Box::new(Density::new(self))
    }

    fn recorder(&self) -> Box<dyn Recorder> {
        Box::new(Density::new(self))
    }

    fn center(&self) -> Vec<f64> {
        self.center.clone()
    }

    fn names(&self) -> &[String] {
        self.model.names()
    }

    fn contributions(&self) -> usize {
        self.model.contributors().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{Date, Panel},
        geo::GeoSpec,
    };
    use approx::assert_relative_eq;

    /// Four geos whose weather works differently, and one channel.
    fn model() -> GeoModel {
        let rows: Vec<(usize, i64)> = (0..4).flat_map(|geo| (0..40).map(move |week| (geo, week))).collect();
        let of = |value: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            rows.iter().map(|(geo, week)| value(*geo as f64, *week as f64)).collect()
        };
        let weather = |geo: f64, week: f64| (week * 0.8 + geo).sin();
        let spend = |geo: f64, week: f64| 2.0 + (week * 1.9 + 2.0 * geo).sin();
        let kpi = |geo: f64, week: f64| {
            20.0 + spend(geo, week) + (2.0 * geo - 3.0) * weather(geo, week) + 0.3 * (week * 7.7 + geo).sin()
        };
        let date = |week: i64| Date::from_days_since_epoch(19_723 + 7 * week).unwrap();
        let panel = Panel::builder()
            .rows(rows.iter().map(|(geo, _)| format!("geo {geo}")), rows.iter().map(|(_, week)| date(*week)))
            .kpi("sales", of(&kpi))
            .channel("tv", of(&spend))
            .control("weather", of(&weather))
            .build()
            .unwrap();
        let mut spec = GeoSpec::meridian();
        spec.level.knots = crate::geo::GeoKnots::Even(3);
        GeoModel::new(spec, panel).unwrap()
    }

    #[test]
    fn what_the_data_tell_much_about_is_a_product() {
        let coordinates = Coordinates::of(&model());
        let names = model().names().to_vec();
        let products: Vec<&str> =
            coordinates.products.iter().map(|product| names[product.spread].as_str()).collect();
        assert!(products.contains(&"spread[weather]"), "{products:?}");
    }

    #[test]
    fn the_density_is_the_other_one_and_the_change_and_its_gradient_the_limit_of_differences() {
        let model = model();
        let coordinates = Coordinates::of(&model);
        let (mut density, mut posterior) = (coordinates.density(), model.posterior());
        let size = model.names().len();
        let (mut gradient, mut unused, mut u) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
        for point in 0..3 {
            let shift = |place: usize| 0.2 * ((point * 31 + place * 17) as f64 * 0.7).sin();
            let w: Vec<f64> = coordinates.center.iter().enumerate().map(|(at, c)| c + shift(at)).collect();
            let value = density.log_density(&w, &mut gradient);
            let change = coordinates.to_reference(&w, &mut u);
            let expected = posterior.log_density(&u, &mut unused) + change;
            assert_relative_eq!(value, expected, max_relative = 1e-12);
            for place in 0..size {
                let mut at = |step: f64| {
                    let mut moved = w.clone();
                    moved[place] += step;
                    density.log_density(&moved, &mut unused)
                };
                let numeric = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4;
                let size = gradient[place].abs().max(1e-3 * value.abs()).max(1.0);
                assert!((gradient[place] - numeric).abs() < 1e-5 * size, "{} for {numeric}", gradient[place]);
            }
        }
    }

    #[test]
    fn the_stated_change_is_the_determinant_of_the_products() {
        let model = model();
        let coordinates = Coordinates::of(&model);
        let size = model.names().len();
        let (mut u, mut soft) = (vec![0.0; size], vec![0.0; size]);
        let change = coordinates.to_reference(&coordinates.center, &mut u);
        let of_lines = model.parts().soft.to_reference(&coordinates.center, &mut soft);
        // Each offset is divided by its spread, and nothing else changes.
        let divided: f64 = coordinates.products.iter().map(|product| 4.0 * u[product.spread]).sum();
        assert_relative_eq!(change, of_lines - divided, max_relative = 1e-12);
        for product in coordinates.products.iter() {
            for place in product.offsets..product.offsets + 4 {
                assert_relative_eq!(u[place] * u[product.spread].exp(), soft[place], max_relative = 1e-12);
            }
        }
    }
}

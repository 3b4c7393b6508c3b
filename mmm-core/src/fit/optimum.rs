//! The highest point of a log density, by limited-memory BFGS.
//!
//! Steps follow the gradient as the last few steps bent it; a step that does not climb enough is
//! halved. The density need not be concave: what is found is a point from which no step climbs.
//!
//! # Source
//!
//! Nocedal and Wright (2006), *Numerical Optimization*, algorithms 7.4 and 3.1.

use std::collections::VecDeque;

use crate::vector::{add_scaled, dot};

use super::target::LogDensity;

/// Steps that are remembered.
const MEMORY: usize = 12;
const MOST_STEPS: usize = 500;
const MOST_HALVINGS: usize = 40;
/// The share of the promised climb that is enough.
const ENOUGH: f64 = 1e-4;
/// A climb or a slope below this is none.
const FLAT: f64 = 1e-9;

/// A point and the density there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Optimum {
    pub(crate) position: Vec<f64>,
    pub(crate) log_density: f64,
}

/// A step and what it did to the gradient.
struct Step {
    moved: Vec<f64>,
    bent: Vec<f64>,
    product: f64,
}

/// Climbs from a start; `None` where the density there is not finite.
pub(crate) fn climb(density: &mut dyn LogDensity, start: Vec<f64>) -> Option<Optimum> {
    let size = start.len();
    let (mut position, mut gradient) = (start, vec![0.0; size]);
    let mut value = density.log_density(&position, &mut gradient);
    if !is_finite(value, &gradient) {
        return None;
    }
    let mut steps: VecDeque<Step> = VecDeque::with_capacity(MEMORY);
    let (mut next, mut next_gradient) = (vec![0.0; size], vec![0.0; size]);
    for _ in 0..MOST_STEPS {
        let mut direction = bent(&gradient, &steps);
        let mut promised = dot(&direction, &gradient);
        if promised <= 0.0 {
            steps.clear();
            direction.copy_from_slice(&gradient);
            promised = dot(&gradient, &gradient);
        }
        if promised < FLAT {
            break;
        }
        // Without a memory the length of a gradient means nothing yet.
        let mut length = if steps.is_empty() { promised.sqrt().recip().min(1.0) } else { 1.0 };
        let mut climbed = None;
        for _ in 0..MOST_HALVINGS {
            next.copy_from_slice(&position);
            add_scaled(&mut next, length, &direction);
            let reached = density.log_density(&next, &mut next_gradient);
            if is_finite(reached, &next_gradient) && reached >= value + ENOUGH * length * promised {
                climbed = Some(reached);
                break;
            }
            length *= 0.5;
        }
        let Some(reached) = climbed else { break };
        let moved: Vec<f64> = next.iter().zip(&position).map(|(to, from)| to - from).collect();
        let turned: Vec<f64> = gradient.iter().zip(&next_gradient).map(|(from, to)| from - to).collect();
        let product = dot(&moved, &turned);
        if product > f64::EPSILON * dot(&turned, &turned) {
            if steps.len() == MEMORY {
                steps.pop_front();
            }
            steps.push_back(Step { moved, bent: turned, product });
        }
        let gain = reached - value;
        std::mem::swap(&mut position, &mut next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        value = reached;
        if gain < FLAT * value.abs().max(1.0) && dot(&gradient, &gradient) < 1e-6 {
            break;
        }
    }
    Some(Optimum { position, log_density: value })
}

fn is_finite(value: f64, gradient: &[f64]) -> bool {
    value.is_finite() && gradient.iter().all(|slope| slope.is_finite())
}

/// The gradient multiplied with what the remembered steps say about the inverse curvature.
fn bent(gradient: &[f64], steps: &VecDeque<Step>) -> Vec<f64> {
    let mut direction = gradient.to_vec();
    let mut shares = Vec::with_capacity(steps.len());
    for step in steps.iter().rev() {
        let share = dot(&step.moved, &direction) / step.product;
        add_scaled(&mut direction, -share, &step.bent);
        shares.push(share);
    }
    if let Some(last) = steps.back() {
        let scale = last.product / dot(&last.bent, &last.bent);
        for value in &mut direction {
            *value *= scale;
        }
    }
    for (step, share) in steps.iter().zip(shares.into_iter().rev()) {
        let other = dot(&step.bent, &direction) / step.product;
        add_scaled(&mut direction, share - other, &step.moved);
    }
    direction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fit::Target,
        model::{ChannelSpec, Model, ModelSpec},
        simulate::Scenario,
    };

    #[test]
    fn at_the_highest_point_the_density_is_flat() {
        let data = Scenario::weekly(["tv", "search"]).weeks(80).seed(4).simulate().unwrap().data;
        for channel in [ChannelSpec::default(), ChannelSpec::hill()] {
            let spec = ModelSpec { channel, ..ModelSpec::default() };
            let model = Model::new(spec, data.clone()).unwrap();
            let mut density = model.density();
            let start = model.center();
            let mut gradient = vec![0.0; start.len()];
            let from = density.log_density(&start, &mut gradient);
            let found = climb(&mut *density, start).unwrap();
            let value = density.log_density(&found.position, &mut gradient);
            assert!(value > from && value.to_bits() == found.log_density.to_bits());
            assert!(gradient.iter().all(|slope| slope.abs() < 1e-2), "{gradient:?}");
        }
    }
}

//! The highest value of a smooth function of amounts within a [`Room`], from a given start.
//!
//! Every step goes along the gradient, as long as the last two gradients say, and back into the room;
//! it is halved until it climbs above the lowest of the last few values. Where the function is not
//! concave what is found is the top of the hill the start lies on.
//!
//! # Source
//!
//! Birgin, Martínez, Raydan (2000), *Nonmonotone spectral projected gradient methods on convex sets*.

use super::room::Room;

/// Values that a step may fall back to.
const MEMORY: usize = 10;
const MOST_HALVINGS: usize = 30;
/// The share of the promised climb that is enough.
const ENOUGH: f64 = 1e-4;
/// A projected step shorter than this share of the usual amounts is none.
const STILL: f64 = 1e-9;
/// The longest and the shortest step, in units of the first.
const RANGE: f64 = 1e12;

/// A function of amounts, with its slopes.
pub(super) trait Landscape {
    /// The value; writes the slope by every amount.
    fn at(&mut self, amounts: &[f64], slopes: &mut [f64]) -> f64;
}

/// Amounts and the value there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Top {
    pub(super) amounts: Vec<f64>,
    pub(super) value: f64,
}

/// Climbs with at most so many steps; the start is moved into the room first.
pub(super) fn climb(land: &mut impl Landscape, room: &Room, mut amounts: Vec<f64>, most_steps: usize) -> Top {
    room.project(&mut amounts);
    let size = amounts.len();
    let (mut slopes, mut next_slopes) = (vec![0.0; size], vec![0.0; size]);
    let mut value = land.at(&amounts, &mut slopes);
    let mut best = Top { amounts: amounts.clone(), value };
    let mut recent = vec![value];
    // In units of the usual amounts: a first step of about their size.
    let steepest =
        slopes.iter().zip(&room.sizes).map(|(slope, size)| (slope * size).abs()).fold(0.0, f64::max);
    let first = if steepest > 0.0 { 1.0 / steepest } else { return best };
    let mut length = first;
    let mut next = vec![0.0; size];
    for _ in 0..most_steps {
        let mut direction: Vec<f64> = (0..size)
            .map(|place| amounts[place] + length * slopes[place] * room.sizes[place] * room.sizes[place])
            .collect();
        room.project(&mut direction);
        for (to, from) in direction.iter_mut().zip(&amounts) {
            *to -= from;
        }
        let moved = direction.iter().zip(&room.sizes).map(|(step, size)| (step / size).abs());
        if moved.fold(0.0, f64::max) < STILL * (length / first).min(1.0) {
            break;
        }
        let promised: f64 = direction.iter().zip(&slopes).map(|(step, slope)| step * slope).sum();
        let floor = recent.iter().copied().fold(f64::INFINITY, f64::min);
        let mut share = 1.0;
        let mut reached = None;
        for _ in 0..MOST_HALVINGS {
            for (place, value) in next.iter_mut().enumerate() {
                *value = amounts[place] + share * direction[place];
            }
            let value = land.at(&next, &mut next_slopes);
            if value >= floor + ENOUGH * share * promised {
                reached = Some(value);
                break;
            }
            share *= 0.5;
        }
        let Some(climbed) = reached else { break };
        let (mut along, mut bent) = (0.0, 0.0);
        for place in 0..size {
            let step = (next[place] - amounts[place]) / room.sizes[place];
            along += step * step;
            bent -= step * (next_slopes[place] - slopes[place]) * room.sizes[place];
        }
        length = if bent > 0.0 { (along / bent).clamp(first / RANGE, first * RANGE) } else { first * 1e3 };
        std::mem::swap(&mut amounts, &mut next);
        std::mem::swap(&mut slopes, &mut next_slopes);
        value = climbed;
        if recent.len() == MEMORY {
            recent.remove(0);
        }
        recent.push(value);
        if value > best.value {
            best = Top { amounts: amounts.clone(), value };
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// `-sum of (a - c)^2 / w`, whose top within a total is known.
    struct Bowl {
        center: Vec<f64>,
        width: Vec<f64>,
    }

    impl Landscape for Bowl {
        fn at(&mut self, amounts: &[f64], slopes: &mut [f64]) -> f64 {
            let mut value = 0.0;
            for (place, slope) in slopes.iter_mut().enumerate() {
                let away = amounts[place] - self.center[place];
                *slope = -2.0 * away / self.width[place];
                value -= away * away / self.width[place];
            }
            value
        }
    }

    #[test]
    fn with_a_total_every_amount_gives_way_as_its_width_says() {
        let mut bowl = Bowl { center: vec![4.0, 3000.0, 0.5], width: vec![1.0, 2.0e4, 0.01] };
        let room = Room {
            low: vec![0.0; 3],
            high: vec![10.0, 9000.0, 10.0],
            total: Some(2000.0),
            sums: Vec::new(),
            sizes: vec![4.0, 3000.0, 0.5],
        };
        let top = climb(&mut bowl, &room, vec![1.0, 1000.0, 1.0], 500);
        let missing = (2000.0 - 3004.5) / (1.0 + 2.0e4 + 0.01);
        // The first would have to fall below zero by nothing: 4 - 0.05.
        for (amount, (center, width)) in top.amounts.iter().zip([(4.0, 1.0), (3000.0, 2.0e4), (0.5, 0.01)]) {
            assert_relative_eq!(*amount, center + missing * width, max_relative = 1e-5);
        }
    }

    #[test]
    fn a_flat_land_is_left_as_it_is() {
        let mut flat = Bowl { center: vec![1.0, 1.0], width: vec![f64::INFINITY; 2] };
        let room = Room {
            low: vec![0.0; 2],
            high: vec![9.0; 2],
            total: None,
            sums: Vec::new(),
            sizes: vec![1.0; 2],
        };
        assert_eq!(climb(&mut flat, &room, vec![2.0, 3.0], 50).amounts, [2.0, 3.0]);
    }
}

//! The two vector operations everything else is made of, written so that they use wide registers
//! and always add in the same order.

const LANES: usize = 8;

/// `sum a[i] b[i]` over the shorter of the two.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// `target[i] += factor * source[i]`.
pub(crate) fn add_scaled(target: &mut [f64], factor: f64, source: &[f64]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target += factor * source;
    }
}

/// `sum a[i]`.
pub(crate) fn sum(a: &[f64]) -> f64 {
    let (blocks, rest) = a.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for block in blocks {
        for lane in 0..LANES {
            sums[lane] += block[lane];
        }
    }
    sums.iter().sum::<f64>() + rest.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn every_length_is_summed_completely() {
        for length in 0_u32..40 {
            let numbers: Vec<f64> = (1..=length).map(f64::from).collect();
            let n = f64::from(length);
            assert_relative_eq!(sum(&numbers), n * (n + 1.0) / 2.0);
            assert_relative_eq!(dot(&numbers, &numbers), n * (n + 1.0) * (2.0 * n + 1.0) / 6.0);
        }
    }
}

//! The charts of the pages: those of [`mmm_core::report`], in the colours of this platform's stylesheet.

pub use mmm_core::report::charts::*;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::{DARK_SURFACES, LIGHT_SURFACES, Rgb, oklab};

    type Matrix = [[f64; 3]; 3];

    /// Normal sight, then full protanopia, deuteranopia and tritanopia (Machado et al. 2009), with the
    /// distance in `OKLab` that any two colours must keep.
    const SIGHTS: [(Matrix, f64); 4] = [
        ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 0.12),
        ([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]], 0.12),
        ([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]], 0.12),
        ([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]], 0.07),
    ];

    fn parse(hex: &str) -> Rgb {
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Rgb(byte(1), byte(3), byte(5))
    }

    fn seen(colour: Rgb, sight: &Matrix) -> [f64; 3] {
        let linear = colour.linear();
        oklab(sight.map(|row| row.iter().zip(linear).map(|(m, c)| m * c).sum::<f64>().clamp(0.0, 1.0)))
    }

    /// The report's charts and the pages' are styled alike.
    #[test]
    fn the_stylesheet_holds_every_rule_of_the_charts() {
        let css = include_str!("../assets/app.css");
        for rule in mmm_core::report::CHART_STYLE.lines().filter(|line| line.ends_with('}')) {
            assert!(css.contains(rule), "missing {rule}");
        }
    }

    #[test]
    fn the_stylesheet_holds_this_palette() {
        let css = include_str!("../assets/app.css");
        for (at, (light, dark)) in CHANNEL_COLOURS.iter().enumerate() {
            let line = format!("--c{}: light-dark({light}, {dark});", at + 1);
            assert!(css.contains(&line), "missing {line}");
        }
    }

    #[test]
    fn every_colour_stands_out_from_its_card() {
        for (light, dark) in CHANNEL_COLOURS {
            assert!(parse(light).contrast(LIGHT_SURFACES[0]) >= 3.0, "{light}");
            assert!(parse(dark).contrast(DARK_SURFACES[0]) >= 3.0, "{dark}");
        }
    }

    #[test]
    fn any_two_colours_differ_for_every_kind_of_sight() {
        let schemes = [CHANNEL_COLOURS.map(|pair| parse(pair.0)), CHANNEL_COLOURS.map(|pair| parse(pair.1))];
        for colours in schemes {
            for (sight, least) in &SIGHTS {
                for (n, a) in colours.iter().enumerate() {
                    for b in &colours[..n] {
                        let (x, y) = (seen(*a, sight), seen(*b, sight));
                        let distance = x.iter().zip(y).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
                        assert!(distance >= *least, "{a} and {b}: {distance:.3}");
                    }
                }
            }
        }
    }
}

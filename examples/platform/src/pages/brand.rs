//! Makes the stylesheet of a tenant from its one accent colour.
//!
//! The accent is checked by parsing: `#rrggbb` and nothing else, so no text of a tenant reaches CSS.
//! `--accent` stays exactly what was set. What is drawn with it uses shades derived from it, moved
//! towards black or white in `OKLab` (hue kept) until they reach, against the least favourable surface
//! of the scheme, 4.5:1 for text and 3:1 for graphics.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Surfaces of the light scheme, as in the stylesheet: card, page, sunken.
pub(crate) const LIGHT_SURFACES: [Rgb; 3] =
    [Rgb(0xff, 0xff, 0xff), Rgb(0xf6, 0xf7, 0xf9), Rgb(0xed, 0xf0, 0xf4)];
/// Surfaces of the dark scheme, as in the stylesheet: card, page, sunken.
pub(crate) const DARK_SURFACES: [Rgb; 3] =
    [Rgb(0x18, 0x1c, 0x22), Rgb(0x10, 0x13, 0x17), Rgb(0x22, 0x28, 0x31)];

/// An accent colour that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent(Rgb);

/// Why a text is not an accent colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccentError {
    /// Anything but `#` and six hexadecimal digits.
    #[error("an accent colour is written as # and six hexadecimal digits, such as #0b6bcb")]
    Shape,
}

impl Accent {
    /// The accent of a tenant that has chosen none.
    pub const PLATFORM: Self = Self(Rgb(0x30, 0x56, 0xd3));
}

impl FromStr for Accent {
    type Err = AccentError;

    fn from_str(text: &str) -> Result<Self, AccentError> {
        let digits =
            text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or(AccentError::Shape)?;
        let [_, red, green, blue] = value.to_be_bytes();
        Ok(Self(Rgb(red, green, blue)))
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text of the stylesheet of an accent: variables for both schemes, nothing else.
pub fn brand_css(accent: Accent) -> String {
    let light = Shades::of(accent.0, &LIGHT_SURFACES, false);
    let dark = Shades::of(accent.0, &DARK_SURFACES, true);
    let pair = |name: &str, light: Rgb, dark: Rgb| format!("  --{name}: light-dark({light}, {dark});\n");
    let on_accent = accent.0.readable_on();
    let mut css = format!(":root {{\n  --accent: {accent};\n  --on-accent: {on_accent};\n");
    css.push_str(&pair("accent-text", light.text, dark.text));
    css.push_str(&pair("accent-graphic", light.graphic, dark.graphic));
    css.push_str(&pair("accent-fill", light.fill, dark.fill));
    css.push_str(&pair("accent-fill-hover", light.fill_hover, dark.fill_hover));
    css.push_str(&pair("on-accent-fill", light.on_fill, dark.on_fill));
    css.push_str(&pair("accent-soft", light.soft, dark.soft));
    css.push_str("}\n");
    css
}

/// What a scheme draws with an accent, and how well it can be read there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scheme {
    /// `light` or `dark`.
    pub name: &'static str,
    /// Contrast of the accent itself, against the least favourable surface.
    pub accent_contrast: f64,
    /// Links and other text.
    pub text: String,
    /// Contrast of text, at least 4.5.
    pub text_contrast: f64,
    /// Lines, borders, focus rings.
    pub graphic: String,
    /// Contrast of graphics, at least 3.
    pub graphic_contrast: f64,
    /// Buttons.
    pub fill: String,
    /// Text on buttons.
    pub on_fill: String,
    /// What is chosen.
    pub soft: String,
    /// The page, and cards on it.
    #[serde(skip)]
    pub surfaces: [String; 2],
    /// Text and lines that have no colour.
    #[serde(skip)]
    pub neutral: [&'static str; 2],
}

/// What becomes of an accent in both schemes.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The accent as it was set.
    pub accent: String,
    /// Text on it.
    pub on_accent: String,
    /// Light, then dark.
    pub schemes: [Scheme; 2],
}

impl Preview {
    /// The shades that are derived from an accent.
    pub fn of(accent: Accent) -> Self {
        let scheme = |name, surfaces: &[Rgb; 3], dark, neutral| {
            let shades = Shades::of(accent.0, surfaces, dark);
            let contrast = |shade: Rgb| (shade.worst(surfaces) * 100.0).floor() / 100.0;
            Scheme {
                name,
                accent_contrast: contrast(accent.0),
                text: shades.text.to_string(),
                text_contrast: contrast(shades.text),
                graphic: shades.graphic.to_string(),
                graphic_contrast: contrast(shades.graphic),
                fill: shades.fill.to_string(),
                on_fill: shades.on_fill.to_string(),
                soft: shades.soft.to_string(),
                surfaces: [surfaces[1].to_string(), surfaces[0].to_string()],
                neutral,
            }
        };
        Self {
            accent: accent.to_string(),
            on_accent: accent.0.readable_on().to_string(),
            schemes: [
                scheme("light", &LIGHT_SURFACES, false, ["#161a20", "#dce0e6"]),
                scheme("dark", &DARK_SURFACES, true, ["#e9ecf0", "#2e353f"]),
            ],
        }
    }

    /// What the check of the contrasts found, one sentence a scheme.
    pub fn sentences(&self) -> [String; 2] {
        let accent = &self.accent;
        self.schemes.each_ref().map(|scheme| {
            let Scheme { name, accent_contrast, text, text_contrast, graphic, .. } = scheme;
            if text == accent {
                return format!(
                    "On {name} pages {accent} has a contrast of {accent_contrast:.1}:1, enough for text, and is used as it is."
                );
            }
            let lines = if graphic == accent {
                format!("lines keep {accent}")
            } else {
                format!("lines are drawn in {graphic} ({:.1}:1)", scheme.graphic_contrast)
            };
            format!(
                "On {name} pages {accent} has a contrast of {accent_contrast:.1}:1; text needs 4.5:1 and lines 3:1. \
                 Links are written in {text} ({text_contrast:.1}:1) there, and {lines}."
            )
        })
    }
}

/// What one scheme draws with the accent.
struct Shades {
    text: Rgb,
    graphic: Rgb,
    fill: Rgb,
    fill_hover: Rgb,
    on_fill: Rgb,
    soft: Rgb,
}

impl Shades {
    fn of(accent: Rgb, surfaces: &[Rgb; 3], dark: bool) -> Self {
        let soft = surfaces[0].mixed(accent, if dark { 0.18 } else { 0.09 });
        let all = [surfaces[0], surfaces[1], surfaces[2], soft];
        let graphic = accent.until(dark, |shade| shade.worst(surfaces) >= 3.0);
        let text = accent.until(dark, |shade| shade.worst(&all) >= 4.5);
        // A button must stand out from its surface and carry its own text.
        let fill = graphic.until(dark, |shade| shade.contrast(shade.readable_on()) >= 4.5);
        let on_fill = fill.readable_on();
        let fill_hover = fill.mixed(if on_fill == WHITE { Rgb(0, 0, 0) } else { WHITE }, 0.14);
        Self { text, graphic, fill, fill_hover, on_fill, soft }
    }
}

const WHITE: Rgb = Rgb(0xff, 0xff, 0xff);
// Pure black: with white it gives 4.5:1 on every colour, which a softer ink does not.
const INK: Rgb = Rgb(0, 0, 0);

/// A colour of eight bits a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rgb(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl Rgb {
    /// Linear light, each channel between 0 and 1.
    pub(crate) fn linear(self) -> [f64; 3] {
        [self.0, self.1, self.2].map(|byte| {
            let c = f64::from(byte) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn from_linear(linear: [f64; 3]) -> Self {
        let [red, green, blue] = linear.map(|c| {
            let c = c.clamp(0.0, 1.0);
            let c = if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
            (c * 255.0).round() as u8
        });
        Self(red, green, blue)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast ratio of WCAG 2, between 1 and 21.
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The lowest contrast against several surfaces.
    pub(crate) fn worst(self, surfaces: &[Self]) -> f64 {
        surfaces.iter().map(|surface| self.contrast(*surface)).fold(f64::INFINITY, f64::min)
    }

    fn readable_on(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(INK) { WHITE } else { INK }
    }

    /// The first shade on the way to white (`lighter`) or black that satisfies `enough`.
    fn until(self, lighter: bool, enough: impl Fn(Self) -> bool) -> Self {
        let end = if lighter { WHITE } else { Rgb(0, 0, 0) };
        (0..=100).map(|n| self.mixed(end, f64::from(n) / 100.0)).find(|shade| enough(*shade)).unwrap_or(end)
    }

    /// A mixture in `OKLab`, which keeps the hue.
    fn mixed(self, other: Self, part: f64) -> Self {
        let (a, b) = (oklab(self.linear()), oklab(other.linear()));
        let mixed = [0, 1, 2].map(|n| a[n] + (b[n] - a[n]) * part);
        if part == 0.0 { self } else { Self::from_linear(from_oklab(mixed)) }
    }
}

/// Linear light to `OKLab` (Ottosson 2020).
pub(crate) fn oklab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).max(0.0).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).max(0.0).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).max(0.0).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    ]
}

fn from_oklab([lightness, a, b]: [f64; 3]) -> [f64; 3] {
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_digits_are_an_accent() {
        let bad =
            ["red;background:url()", "#fff", "#12345g", "#1234567", "0b6bcb", "#０b6bcb", "", "#+12345"];
        for text in bad {
            assert_eq!(text.parse::<Accent>(), Err(AccentError::Shape), "{text:?}");
        }
        assert_eq!("#0B6bcb".parse::<Accent>().unwrap().to_string(), "#0b6bcb");
    }

    #[test]
    fn derived_shades_reach_their_contrast_for_every_accent() {
        let steps = [0_u8, 51, 102, 153, 204, 255];
        for red in steps {
            for green in steps {
                for blue in steps {
                    let accent = Rgb(red, green, blue);
                    for (surfaces, dark) in [(&LIGHT_SURFACES, false), (&DARK_SURFACES, true)] {
                        let shades = Shades::of(accent, surfaces, dark);
                        assert!(shades.text.worst(surfaces) >= 4.5, "text of {accent}, dark {dark}");
                        assert!(shades.text.contrast(shades.soft) >= 4.5, "text on soft of {accent}");
                        assert!(shades.graphic.worst(surfaces) >= 3.0, "graphic of {accent}, dark {dark}");
                        assert!(shades.fill.worst(surfaces) >= 3.0, "fill of {accent}, dark {dark}");
                        assert!(shades.fill.contrast(shades.on_fill) >= 4.5, "button of {accent}");
                        assert!(shades.fill_hover.contrast(shades.on_fill) >= 4.5, "hover of {accent}");
                    }
                    assert!(accent.contrast(accent.readable_on()) >= 4.5, "on {accent}");
                }
            }
        }
    }

    #[test]
    fn the_stylesheet_keeps_the_accent_as_it_was_set() {
        let css = brand_css("#ffd400".parse().unwrap());
        assert!(css.contains("--accent: #ffd400;"), "{css}");
        assert!(css.bytes().all(|b| b != b'<' && b != b'"'));
    }

    #[test]
    fn the_check_says_which_shade_takes_the_place_of_one_that_cannot_be_read() {
        let preview = Preview::of("#ffd400".parse().unwrap());
        let [light, dark] = preview.sentences();
        assert!(
            light.contains("1.2:1; text needs 4.5:1") && light.contains(&preview.schemes[0].text),
            "{light}"
        );
        assert!(dark.ends_with("enough for text, and is used as it is."), "{dark}");
        assert!(preview.schemes.iter().all(|s| s.text_contrast >= 4.5 && s.graphic_contrast >= 3.0));
    }

    #[test]
    fn surfaces_are_those_of_the_stylesheet() {
        let css = include_str!("../../assets/app.css");
        for (name, at) in [("card", 0), ("page", 1), ("sunken", 2)] {
            let line = format!("--{name}: light-dark({}, {});", LIGHT_SURFACES[at], DARK_SURFACES[at]);
            assert!(css.contains(&line), "missing {line}");
        }
    }
}

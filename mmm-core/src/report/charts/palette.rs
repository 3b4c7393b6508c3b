//! The colours of channels, fixed by a channel's place in the data.
//!
//! The stylesheet holds the palette as `--c1` to `--c8`, once for light and once for dark: contrast of 3:1
//! against every surface, and a distance between any two that normal sight and three kinds of colour
//! blindness can see.

/// The eight colours, light then dark, as in the stylesheet.
pub const CHANNEL_COLOURS: [(&str, &str); 8] = [
    ("#3c45c1", "#669bff"),
    ("#bb8713", "#cc940d"),
    ("#479f8d", "#267c3d"),
    ("#6f2d76", "#cd6499"),
    ("#397ba1", "#95cefe"),
    ("#83292f", "#fda19f"),
    ("#946304", "#f9cc0e"),
    ("#9e74f5", "#7558da"),
];

/// Class of a channel: `c1` to `c8`, and `c-other` beyond the palette.
pub fn channel_class(place: usize) -> String {
    if place < CHANNEL_COLOURS.len() { format!("c{}", place + 1) } else { "c-other".to_owned() }
}

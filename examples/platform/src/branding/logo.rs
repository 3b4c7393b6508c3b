//! What a logo may be.
//!
//! The kind is told by the first bytes of the file, never by its name or by what the sender calls it.
//! Only the header is read: a picture is never decoded here, and one whose header promises more pixels
//! than a logo needs is refused before anybody else decodes it.

use std::ops::RangeInclusive;

use sha2::{Digest as _, Sha256};

/// A picture of a kind and size that may be a tenant's logo.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    kind: LogoKind,
    bytes: Vec<u8>,
    hash: String,
}

/// The kinds of pictures that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
}

/// Why a file is not taken as a logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogoError {
    /// No bytes.
    #[error("Choose a file: this one is empty.")]
    Empty,
    /// More bytes than a logo needs.
    #[error("The file is larger than {} KB. Save the logo at a smaller size.", Logo::MAX_BYTES / 1024)]
    TooLarge,
    /// SVG, which is a document that can carry scripts.
    #[error(
        "An SVG file is a document that can carry scripts, so it is not taken. Export the logo as PNG; a transparent background works."
    )]
    Svg,
    /// Anything else.
    #[error("This is not a PNG, JPEG or WebP picture, whatever its name says. Export the logo as PNG.")]
    Unknown,
    /// The header cannot be read, or the file ends before or after its picture does.
    #[error("The picture is damaged or cut off, or something else follows it. Export the logo again.")]
    Damaged,
    /// Too few or too many pixels.
    #[error(
        "The picture has {width} by {height} pixels. Each side must have {} to {}.",
        Logo::SIDES.start(),
        Logo::SIDES.end()
    )]
    Size {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
}

impl LogoKind {
    /// The media type.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

impl Logo {
    /// The most bytes.
    pub const MAX_BYTES: usize = 200 * 1024;
    /// How many pixels each side may have.
    pub const SIDES: RangeInclusive<u32> = 16..=2000;

    /// Takes a file as a logo.
    ///
    /// # Errors
    ///
    /// [`LogoError`] in words for whoever sent the file.
    pub fn check(bytes: Vec<u8>) -> Result<Self, LogoError> {
        if bytes.is_empty() {
            return Err(LogoError::Empty);
        }
        if bytes.len() > Self::MAX_BYTES {
            return Err(LogoError::TooLarge);
        }
        let (kind, size) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            (LogoKind::Png, png(&bytes))
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            (LogoKind::Jpeg, jpeg(&bytes))
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            (LogoKind::Webp, webp(&bytes))
        } else {
            return Err(if is_svg(&bytes) { LogoError::Svg } else { LogoError::Unknown });
        };
        let (width, height) = size.ok_or(LogoError::Damaged)?;
        if !Self::SIDES.contains(&width) || !Self::SIDES.contains(&height) {
            return Err(LogoError::Size { width, height });
        }
        let hash = Sha256::digest(&bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
            use std::fmt::Write as _;
            // Writing into a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(Self { kind, bytes, hash })
    }

    /// What kind of picture it is.
    pub const fn kind(&self) -> LogoKind {
        self.kind
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file, in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logo").field("kind", &self.kind).field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// The first chunk is the header; the last one ends the file.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(8..24)?.strip_prefix(b"\0\0\0\x0dIHDR")?;
    let ends = bytes.ends_with(b"\0\0\0\0IEND\xaeB`\x82");
    ends.then_some((be32(header.get(..4)?)?, be32(header.get(4..)?)?))
}

/// Segment by segment until the one that begins a frame.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    if !bytes.ends_with(&[0xff, 0xd9]) {
        return None;
    }
    let mut at = 2;
    loop {
        let [0xff, marker] = *bytes.get(at..at + 2)? else { return None };
        match marker {
            // Fill bytes, and markers without a body.
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let size = bytes.get(at + 5..at + 9)?;
                return Some((be16(&size[2..])?, be16(&size[..2])?));
            }
            // The picture's data, or its end, before any frame.
            0xd9 | 0xda => return None,
            _ => {
                let length = be16(bytes.get(at + 2..at + 4)?)?;
                at += 2 + usize::try_from(length).ok().filter(|length| *length >= 2)?;
            }
        }
    }
}

/// One of three headers, in a container that says how long it is.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    if usize::try_from(le32(bytes.get(4..8)?)?).ok()?.checked_add(8)? != bytes.len() {
        return None;
    }
    let body = bytes.get(20..30)?;
    match bytes.get(12..16)? {
        b"VP8 " if body[3..6] == [0x9d, 0x01, 0x2a] => {
            let side = |at: usize| u32::from(u16::from_le_bytes([body[at], body[at + 1]]) & 0x3fff);
            Some((side(6), side(8)))
        }
        b"VP8L" if body[0] == 0x2f => {
            let bits = le32(&body[1..5])?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let side = |at: usize| u32::from_le_bytes([body[at], body[at + 1], body[at + 2], 0]) + 1;
            Some((side(4), side(7)))
        }
        _ => None,
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    head.contains("<svg") || head.trim_start_matches('\u{feff}').trim_start().starts_with("<?xml")
}

fn be16(bytes: &[u8]) -> Option<u32> {
    Some(u32::from(u16::from_be_bytes(bytes.try_into().ok()?)))
}

fn be32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn le32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(b"\x08\x06\0\0\0crc.\0\0\0\0IEND\xaeB`\x82");
        bytes
    }

    fn a_jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc2, 0, 11, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([1, 1, 0x11, 0, 0xff, 0xda, 0, 2, 7, 7, 0xff, 0xd9]);
        bytes
    }

    fn a_webp(chunk: [u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF____WEBP".to_vec();
        bytes.extend(chunk);
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(body);
        let size = (bytes.len() - 8) as u32;
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    fn webps(width: u16, height: u16) -> [Vec<u8>; 3] {
        let (w, h) = (u32::from(width), u32::from(height));
        let mut lossy = vec![0x30, 1, 0, 0x9d, 0x01, 0x2a];
        lossy.extend(width.to_le_bytes().into_iter().chain(height.to_le_bytes()));
        let mut lossless = vec![0x2f];
        lossless.extend(((w - 1) | (h - 1) << 14).to_le_bytes());
        lossless.extend([0; 5]);
        let mut extended = vec![0x10, 0, 0, 0];
        extended.extend(&(w - 1).to_le_bytes()[..3]);
        extended.extend(&(h - 1).to_le_bytes()[..3]);
        [a_webp(*b"VP8 ", &lossy), a_webp(*b"VP8L", &lossless), a_webp(*b"VP8X", &extended)]
    }

    #[test]
    fn the_kind_is_told_by_the_bytes() {
        let kind = |bytes| Logo::check(bytes).map(|logo| logo.kind().mime());
        assert_eq!(kind(a_png(600, 20)), Ok("image/png"));
        assert_eq!(kind(a_jpeg(600, 20)), Ok("image/jpeg"));
        for bytes in webps(600, 20) {
            assert_eq!(kind(bytes), Ok("image/webp"));
        }
    }

    #[test]
    fn what_is_no_picture_is_refused_with_a_word() {
        for (bytes, error) in [
            (b"".as_slice(), LogoError::Empty),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", LogoError::Svg),
            (b"\xef\xbb\xbf <?xml version='1.0'?><x/>", LogoError::Svg),
            (b"<!doctype html><script>alert(1)</script>", LogoError::Unknown),
            (b"GIF89a\x10\0\x10\0", LogoError::Unknown),
            (b"%PDF-1.7", LogoError::Unknown),
            (b"MZ\x90\0", LogoError::Unknown),
        ] {
            assert_eq!(Logo::check(bytes.to_vec()), Err(error), "{:?}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(Logo::check(vec![0; Logo::MAX_BYTES + 1]), Err(LogoError::TooLarge));
    }

    #[test]
    fn a_header_that_promises_too_many_pixels_is_refused() {
        for (width, height) in [(65_000, 65_000), (2001, 16), (16, 2001), (15, 600), (0, 0)] {
            let size = LogoError::Size { width, height };
            assert_eq!(Logo::check(a_png(width, height)), Err(size));
            let (w, h) = (u16::try_from(width).unwrap(), u16::try_from(height).unwrap());
            assert_eq!(Logo::check(a_jpeg(w, h)), Err(size));
        }
        let size = LogoError::Size { width: u32::MAX, height: 16 };
        assert_eq!(Logo::check(a_png(u32::MAX, 16)), Err(size));
    }

    /// Every file cut anywhere, and every file with something behind it, is refused, and nothing panics.
    #[test]
    fn a_file_that_is_cut_off_or_goes_on_is_refused() {
        for whole in [a_png(64, 64), a_jpeg(64, 64)].into_iter().chain(webps(64, 64)) {
            assert!(Logo::check(whole.clone()).is_ok());
            for length in 0..whole.len() {
                assert!(Logo::check(whole[..length].to_vec()).is_err(), "{length} of {whole:x?}");
            }
            let mut more = whole;
            more.extend(b"<script>alert(1)</script>");
            assert_eq!(Logo::check(more), Err(LogoError::Damaged));
        }
    }
}

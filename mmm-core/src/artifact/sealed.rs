//! Files that say what they are and whether they are whole.
//!
//! A file is two lines of JSON: a header and the document.
//!
//! ```json
//! {"mmm":"fit","format":1,"crate_version":"0.1.0","bytes":48210,"checksum":"9f1c…"}
//! {"format":1,"spec":{…},"settings":{…},"draws":{…}}
//! ```
//!
//! The checksum is 64-bit FNV-1a over the document's bytes: it finds a file that was cut, changed or
//! mixed up, by accident and not by design. A later version reads every earlier format.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::fingerprint::Fnv;

/// The first line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    mmm: String,
    format: u32,
    crate_version: String,
    bytes: usize,
    checksum: String,
}

/// Why a file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The file does not begin with a header.
    #[error("the file was not written by mmm-core: its first line is no header")]
    NotOurs,

    /// The file holds something else.
    #[error("the file holds a {found:?}, a {expected:?} was asked for")]
    Kind {
        /// What was asked for.
        expected: String,
        /// What the file holds.
        found: String,
    },

    /// The file is of a later version.
    #[error(
        "the file has format {found}, this version reads up to {newest}; use mmm-core {written_by} or later"
    )]
    Format {
        /// The file's format.
        found: u32,
        /// The newest that can be read.
        newest: u32,
        /// The version of the crate that wrote it.
        written_by: String,
    },

    /// The file is shorter or longer than it says.
    #[error("the file is not whole: the document has {found} bytes of {expected}; copy it again")]
    Length {
        /// What the header says.
        expected: usize,
        /// What there is.
        found: usize,
    },

    /// The document was changed.
    #[error("the file is damaged: the checksum is {found}, the header says {expected}; copy it again")]
    Checksum {
        /// What the header says.
        expected: String,
        /// What there is.
        found: String,
    },

    /// The document is whole but not what its header says.
    #[error("the document cannot be read: {0}")]
    Document(String),
}

/// Writes a document under a header that says what it is.
///
/// # Errors
///
/// [`SealError::Document`] where it cannot be written as JSON.
pub fn seal(kind: &str, format: u32, document: &impl Serialize) -> Result<String, SealError> {
    let unwritable = |error: serde_json::Error| SealError::Document(error.to_string());
    let body = serde_json::to_string(document).map_err(unwritable)?;
    let header = Header {
        mmm: kind.to_owned(),
        format,
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        bytes: body.len(),
        checksum: checksum(&body),
    };
    let header = serde_json::to_string(&header).map_err(unwritable)?;
    Ok(format!("{header}\n{body}\n"))
}

/// Reads a document that [`seal`] wrote, after checking what it is and that it is whole.
///
/// # Errors
///
/// [`SealError`]; never a document of which a byte was changed.
pub fn unseal<T: DeserializeOwned>(kind: &str, newest: u32, text: &str) -> Result<T, SealError> {
    let (header, body) = text.split_once('\n').ok_or(SealError::NotOurs)?;
    let header: Header = serde_json::from_str(header).map_err(|_| SealError::NotOurs)?;
    if header.mmm != kind {
        return Err(SealError::Kind { expected: kind.to_owned(), found: header.mmm });
    }
    if header.format > newest {
        return Err(SealError::Format { found: header.format, newest, written_by: header.crate_version });
    }
    let body = body.strip_suffix('\n').unwrap_or(body);
    if body.len() != header.bytes {
        return Err(SealError::Length { expected: header.bytes, found: body.len() });
    }
    let found = checksum(body);
    if found != header.checksum {
        return Err(SealError::Checksum { expected: header.checksum, found });
    }
    serde_json::from_str(body).map_err(|error| SealError::Document(error.to_string()))
}

fn checksum(body: &str) -> String {
    let mut hash = Fnv::new();
    hash.bytes(body.as_bytes());
    format!("{:016x}", hash.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_and_every_cut_is_seen() {
        let numbers: Vec<f64> = (0..20).map(|at| f64::from(at).sqrt()).collect();
        let text = seal("numbers", 1, &numbers).unwrap();
        assert_eq!(unseal::<Vec<f64>>("numbers", 1, &text).unwrap(), numbers);
        let start = text.find('\n').unwrap() + 1;
        for at in start..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
            let changed = String::from_utf8(bytes).unwrap();
            let error = unseal::<Vec<f64>>("numbers", 1, &changed).unwrap_err();
            assert!(matches!(error, SealError::Checksum { .. }), "byte {at}: {error}");
            let cut = unseal::<Vec<f64>>("numbers", 1, &text[..at]).unwrap_err();
            assert!(matches!(cut, SealError::Length { .. }), "cut at {at}: {cut}");
        }
    }

    #[test]
    fn other_files_and_later_versions_are_refused_by_name() {
        let text = seal("numbers", 3, &[1.0]).unwrap();
        let refused = |kind: &str, newest, text: &str| unseal::<Vec<f64>>(kind, newest, text).unwrap_err();
        assert!(matches!(refused("fit", 3, &text), SealError::Kind { .. }));
        assert!(matches!(refused("numbers", 2, &text), SealError::Format { found: 3, newest: 2, .. }));
        for other in ["", "\n", "{}\n[]", "[1.0]", "not\nours"] {
            assert_eq!(refused("numbers", 3, other), SealError::NotOurs, "{other:?}");
        }
        let texts = seal("numbers", 3, &["a"]).unwrap();
        assert!(matches!(refused("numbers", 3, &texts), SealError::Document(_)));
    }
}

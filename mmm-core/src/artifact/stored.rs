//! The draws of a fit, with what is needed to know that they belong to a data set.

use serde::{Deserialize, Serialize};

use crate::{
    data::Dataset,
    fit::{Draws, Fit, FitSettings},
    model::{Model, ModelSpec, SpecError},
};

use super::{SealError, seal, unseal};

/// The version of the document's shape.
pub const STORED_FORMAT: u32 = 1;

/// What the header of a file calls it.
const KIND: &str = "fit";

/// A fit without its data; [`restore`](Self::restore) puts both together again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFit {
    /// The version of the document's shape, [`STORED_FORMAT`].
    pub format: u32,
    /// The version of the crate that drew.
    pub crate_version: String,
    /// The data's fingerprint in hexadecimal.
    pub data_fingerprint: String,
    /// The description of the model.
    pub spec: ModelSpec,
    /// How it was fitted.
    pub settings: FitSettings,
    /// The draws.
    pub draws: Draws,
}

/// Why a stored fit cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The document is of a later version.
    #[error("the document has format {found}, this version reads {STORED_FORMAT}; use a later version")]
    Format {
        /// The document's format.
        found: u32,
    },

    /// The draws belong to other data.
    #[error("the draws belong to data with fingerprint {expected}, these have {found}")]
    OtherData {
        /// The fingerprint in the document.
        expected: String,
        /// That of the data.
        found: String,
    },

    /// The stored description makes no model of the data.
    #[error(transparent)]
    Spec(#[from] SpecError),

    /// Draws are missing, too many, or not finite.
    #[error("the stored draws are damaged: {0}")]
    Damaged(&'static str),
}

impl Fit {
    /// Everything but the data.
    pub fn store(&self) -> StoredFit {
        StoredFit {
            format: STORED_FORMAT,
            crate_version: env!("CARGO_PKG_VERSION").to_owned(),
            data_fingerprint: fingerprint(self.model().data()),
            spec: self.model().spec().clone(),
            settings: self.settings().clone(),
            draws: self.draws(),
        }
    }
}

impl StoredFit {
    /// Writes one file: versioned, and with a checksum.
    ///
    /// # Errors
    ///
    /// [`SealError::Document`] where a draw cannot be written as JSON.
    pub fn to_file(&self) -> Result<String, SealError> {
        seal(KIND, STORED_FORMAT, self)
    }

    /// Reads a file that this or an earlier version wrote.
    ///
    /// # Errors
    ///
    /// [`SealError`] where it is something else, of a later version, or not whole.
    pub fn from_file(text: &str) -> Result<Self, SealError> {
        unseal(KIND, STORED_FORMAT, text)
    }

    /// The fit again, on the data it was drawn for.
    ///
    /// # Errors
    ///
    /// [`RestoreError`]; never a fit whose draws do not belong to the data.
    pub fn restore(self, data: Dataset) -> Result<Fit, RestoreError> {
        if self.format > STORED_FORMAT {
            return Err(RestoreError::Format { found: self.format });
        }
        let found = fingerprint(&data);
        if found != self.data_fingerprint {
            return Err(RestoreError::OtherData { expected: self.data_fingerprint, found });
        }
        let model = Model::new(self.spec, data)?;
        Fit::from_draws(model, self.settings, self.draws).map_err(RestoreError::Damaged)
    }
}

fn fingerprint(data: &Dataset) -> String {
    format!("{:016x}", data.fingerprint())
}

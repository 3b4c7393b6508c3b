//! The demo's keys and passwords: random per data folder, readable by its owner only.
//!
//! Made once; a restart reads them back, so that logins and sessions survive it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tenancy_sqlx::{Passwords, SealKey};

/// What the demo must remember.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Passwords of the database roles: gate, application, operator, migrator.
    roles: [String; 4],
    /// Seed of the key that signs access tokens, in base64.
    pub token_key: String,
    /// The key that seals what is bound in the database; empty in a folder from before there was one.
    #[serde(default)]
    seal_key: String,
    /// Password of each demo person, in the order of the demo's list; the operator's is last.
    pub people: Vec<String>,
}

impl Secrets {
    /// Reads the folder's secrets, or makes them.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written, or what is in it cannot be read.
    pub fn open(folder: &Path, people: usize) -> anyhow::Result<Self> {
        let file = folder.join("secrets.json");
        if file.exists() {
            let mut secrets: Self = read(&file)?;
            if secrets.seal_key.is_empty() {
                secrets.seal_key = SealKey::generate(1)?.to_text().to_string();
                write(&file, &secrets)?;
            }
            return Ok(secrets);
        }
        let roles = Passwords::random()?;
        let secrets = Self {
            roles: [roles.gate, roles.rw, roles.ops, roles.migrator],
            token_key: random()?,
            seal_key: SealKey::generate(1)?.to_text().to_string(),
            people: (0..people)
                .map(|_| random().map(|text| text[..16].to_owned()))
                .collect::<Result<_, _>>()?,
        };
        write(&file, &secrets)?;
        Ok(secrets)
    }

    /// The key that seals what is bound in the database.
    ///
    /// # Errors
    ///
    /// When what is in the folder is not a key.
    pub fn seal_key(&self) -> anyhow::Result<SealKey> {
        self.seal_key.parse().context("the seal key in secrets.json; start once with --reset to begin anew")
    }

    /// The passwords of the database roles.
    pub fn roles(&self) -> Passwords {
        let [gate, rw, ops, migrator] = self.roles.clone();
        Passwords { gate, rw, ops, migrator }
    }
}

/// 32 random bytes in base64, 43 characters.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Makes a folder that only its owner may write; others may pass through to the database's own.
pub(super) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o711).create(folder).with_context(|| {
        format!("the data folder {} cannot be made; choose another with --data-dir", folder.display())
    })
}

pub(super) fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let text = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is damaged; start once with --reset to begin anew", file.display()))
}

/// Writes beside and renames, so that a crash leaves the old file or the new one.
pub(super) fn write(file: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let beside = file.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut open = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .with_context(|| format!("{} cannot be written", beside.display()))?;
    open.write_all(&serde_json::to_vec_pretty(value)?)?;
    open.sync_all()?;
    fs::rename(&beside, file).with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn secrets_are_made_once_and_only_their_owner_may_read_them() {
        let folder = std::env::temp_dir().join(format!("mmm-secrets-{}", uuid::Uuid::new_v4()));
        make_folder(&folder).unwrap();
        let first = Secrets::open(&folder, 3).unwrap();
        let again = Secrets::open(&folder, 3).unwrap();
        assert_eq!(first.token_key, again.token_key);
        assert_eq!(first.seal_key, again.seal_key);
        assert_eq!(first.people, again.people);
        assert_ne!(first.people[0], first.people[1]);
        let mode = fs::metadata(folder.join("secrets.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(folder).unwrap();
    }
}

//! Why there is no server: one variant per thing the caller can do something about.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// What every fallible function of this module answers.
pub type Result<T, E = EmbeddedError> = std::result::Result<T, E>;

/// Why PostgreSQL could not be found, installed, started or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No fit binaries here, and installing them was not allowed or did not work.
    #[error("no usable postgresql on this machine ({reason}); install it with: {install_line}")]
    Missing {
        /// What was found unfit, what was tried, or who refused to install.
        reason: String,
        /// The one line that installs PostgreSQL on this system.
        install_line: String,
    },

    /// The folder was made by a major version whose binaries are not here.
    #[error(
        "{folder} holds data of postgresql {made_by}, whose programs are not here; \
         install postgresql {made_by}, or remove the folder to start anew"
    )]
    OtherVersion {
        /// The data folder.
        folder: PathBuf,
        /// The major version that made it.
        made_by: u32,
    },

    /// Another process uses the data folder.
    #[error("another process is using {folder}; stop it, or choose another data folder")]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },

    /// The folder cannot hold a server's data: closed to the server's account, or not ours.
    #[error("{folder} cannot be used: {reason}")]
    Folder {
        /// The folder in question.
        folder: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },

    /// A program that was run failed.
    #[error("{doing} failed: {output}")]
    Command {
        /// What was being done.
        doing: String,
        /// The last lines the program wrote, or why it could not be run.
        output: String,
    },

    /// The server did not come up. The reason is from its log.
    #[error("postgresql did not start: {reason}; its log is {log}")]
    Start {
        /// The lines of the log that say why.
        reason: String,
        /// Where the rest of the log is.
        log: PathBuf,
    },

    /// A file or folder could not be read or written.
    #[error("could not {doing} {path}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },

    /// The server runs but refused a statement or a connection.
    #[error("could not {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },

    /// The caller's own preparation of a template database failed.
    #[error("could not prepare the template database for {key:?}")]
    Prepare {
        /// The template's key.
        key: String,
        /// What the caller's function said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// `TENANCY_TEST_ADMIN_URL` is not a PostgreSQL URL. Its text is not repeated: it holds a password.
    #[error("TENANCY_TEST_ADMIN_URL is not like postgres://superuser:password@host:5432/postgres")]
    AdminUrl(#[source] sqlx::Error),
}

impl EmbeddedError {
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { doing, path: path.to_owned(), source }
    }

    pub(super) fn folder(folder: &Path, reason: impl Into<String>) -> Self {
        Self::Folder { folder: folder.to_owned(), reason: reason.into() }
    }

    pub(super) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    pub(super) fn command(doing: impl Into<String>, output: impl Display) -> Self {
        Self::Command { doing: doing.into(), output: output.to_string() }
    }
}

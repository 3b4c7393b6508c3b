//! How to reach a server: connect options for the driver, and a URL that `psql` reads too.
//!
//! The socket's folder is the percent-encoded host of the URL, the one form that both sqlx and libpq accept. TLS is
//! off over a socket: there is no wire to listen on.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::fmt::Write;
use std::path::Path;

/// The superuser of every server this module makes.
pub(super) const SUPERUSER: &str = "postgres";

/// The port that names the socket file. Nothing listens on it.
pub(super) const PORT: u16 = 5432;

/// Where a server is and how its superuser comes in.
#[derive(Clone)]
pub struct Address {
    admin: PgConnectOptions,
}

impl Address {
    pub(super) fn socket(folder: &Path, password: &str) -> Self {
        let admin = PgConnectOptions::new_without_pgpass()
            .socket(folder)
            .port(PORT)
            .ssl_mode(PgSslMode::Disable)
            .username(SUPERUSER)
            .password(password)
            .database(SUPERUSER);
        Self { admin }
    }

    pub(super) const fn of_options(admin: PgConnectOptions) -> Self {
        Self { admin }
    }

    /// The superuser in the server's own maintenance database.
    pub fn admin(&self) -> PgConnectOptions {
        self.admin.clone()
    }

    /// The superuser in `database`.
    pub fn admin_in(&self, database: &str) -> PgConnectOptions {
        self.admin().database(database)
    }

    /// `role` in `database`.
    pub fn options_for(&self, role: &str, password: &str, database: &str) -> PgConnectOptions {
        self.admin_in(database).username(role).password(password)
    }

    /// The same as [`options_for`](Self::options_for) as a `DATABASE_URL`.
    pub fn url_for(&self, role: &str, password: &str, database: &str) -> String {
        let host = match self.admin.get_socket() {
            Some(folder) => encoded(&folder.to_string_lossy()),
            None => self.admin.get_host().to_owned(),
        };
        let mode = match self.admin.get_ssl_mode() {
            PgSslMode::Disable => "disable",
            PgSslMode::Allow => "allow",
            PgSslMode::Prefer => "prefer",
            PgSslMode::Require => "require",
            PgSslMode::VerifyCa => "verify-ca",
            PgSslMode::VerifyFull => "verify-full",
        };
        format!(
            "postgres://{}:{}@{host}:{}/{}?sslmode={mode}",
            encoded(role),
            encoded(password),
            self.admin.get_port(),
            encoded(database),
        )
    }
}

/// Without the password.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address")
            .field("socket", &self.admin.get_socket())
            .field("host", &self.admin.get_host())
            .field("port", &self.admin.get_port())
            .finish_non_exhaustive()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut url, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
        url
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_means_the_same_as_the_options() {
        let address = Address::socket(Path::new("/tmp/a b"), "secret");
        let url = address.url_for("app_rw", "p@ss/word", "db-1");
        assert_eq!(url, "postgres://app_rw:p%40ss%2Fword@%2Ftmp%2Fa%20b:5432/db-1?sslmode=disable");
        let parsed: PgConnectOptions = url.parse().expect("a url");
        assert_eq!(parsed.get_socket().map(std::path::PathBuf::as_path), Some(Path::new("/tmp/a b")));
        assert_eq!((parsed.get_username(), parsed.get_database()), ("app_rw", Some("db-1")));
    }

    #[test]
    fn a_password_is_not_printed() {
        let address = Address::socket(Path::new("/tmp"), "hush");
        assert!(!format!("{address:?}").contains("hush"));
    }
}

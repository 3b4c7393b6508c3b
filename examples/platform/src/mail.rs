//! Letters to people. Each is a file in a folder, for a mail system to take away; at the demo, for
//! whoever looks.
//!
//! A letter may hold a link that is as good as a password, so its file is its owner's alone. It gets its
//! name only once it is whole: what carries letters away never sees half of one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

/// A letter to one person. The address was checked when the person became known.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    /// The person's e-mail address.
    pub to: &'a str,
    /// What it is about, in plain ASCII.
    pub subject: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Where letters are put. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: Arc<Path>,
    from: Arc<str>,
}

impl Outbox {
    /// Letters from `no-reply@domain`, put into `folder`, which is made with the first one.
    pub fn new(folder: PathBuf, domain: &str) -> Self {
        Self { folder: folder.into(), from: format!("no-reply@{domain}").into() }
    }

    /// Puts a letter.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub async fn put(&self, letter: Letter<'_>) -> io::Result<()> {
        tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).await?;
        let file = self.folder.join(Uuid::now_v7().to_string());
        let mut open = tokio::fs::OpenOptions::new();
        let mut half = open.write(true).create_new(true).mode(0o600).open(&file).await?;
        half.write_all(self.written(letter).as_bytes()).await?;
        half.sync_all().await?;
        tokio::fs::rename(&file, file.with_extension("eml")).await
    }

    fn written(&self, Letter { to, subject, text }: Letter<'_>) -> String {
        let date = rfc2822::to_string(&Timestamp::now().to_zoned(TimeZone::UTC)).unwrap_or_default();
        let head = format!("Date: {date}\r\nFrom: {}\r\nTo: {to}\r\nSubject: {subject}\r\n", self.from);
        let kind = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
        format!("{head}{kind}\r\n{}\r\n", text.replace('\n', "\r\n"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_letter_is_a_file_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("mmm-mail-{}", Uuid::new_v4()));
        let outbox = Outbox::new(folder.clone(), "mmm.localhost");
        outbox.put(Letter { to: "a@b.example", subject: "Hello", text: "one\ntwo" }).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        let [file] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!(file.extension().unwrap(), "eml");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("\r\nFrom: no-reply@mmm.localhost\r\nTo: a@b.example\r\nSubject: Hello\r\n"));
        assert!(text.ends_with("\r\n\r\none\r\ntwo\r\n"), "{text}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

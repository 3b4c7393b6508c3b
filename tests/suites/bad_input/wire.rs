//! A client that writes its own bytes: bodies without an end, and headers without measure.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a raw exchange ended with.
pub(super) struct Heard {
    /// The status, if an answer came before the connection broke.
    pub(super) status: Option<u16>,
    /// The answer as text.
    pub(super) text: String,
}

/// Sends a head, then `blocks` from a function until it has none, while it listens for an answer.
pub(super) async fn exchange(
    addr: SocketAddr,
    head: &str,
    mut blocks: impl FnMut() -> Option<Vec<u8>> + Send,
) -> Heard {
    let stream = TcpStream::connect(addr).await.expect("a connection");
    let (mut from, mut to) = stream.into_split();
    let speak = async {
        let mut open = to.write_all(head.as_bytes()).await.is_ok();
        while open {
            let Some(block) = blocks() else { break };
            open = to.write_all(&block).await.is_ok();
        }
        to
    };
    let listen = async {
        let mut heard = Vec::new();
        let mut buffer = vec![0_u8; 8192];
        while let Ok(n @ 1..) = from.read(&mut buffer).await {
            heard.extend_from_slice(&buffer[..n]);
        }
        heard
    };
    let both = async { tokio::join!(speak, listen).1 };
    let heard = timeout(Duration::from_mins(1), Box::pin(both)).await.expect("an end of the exchange");
    let text = String::from_utf8_lossy(&heard).into_owned();
    let status = text.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    Heard { status, text }
}

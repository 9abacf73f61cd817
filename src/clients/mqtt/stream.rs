//! The bytes between this machine and a broker: TCP, or TLS over it.

use super::settings::Settings;
use crate::clients::roots::is_plain_text;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

/// How long one address of a broker may take, so that the next one has its turn.
const PATIENCE: Duration = Duration::from_secs(2);

pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Bytes for S {}

/// Connects to the first address that answers.
pub async fn connect(settings: &Settings) -> Result<Box<dyn Bytes>, String> {
    let plain = reach(settings).await.map_err(|error| words(&error))?;
    let Some(config) = &settings.encryption else { return Ok(Box::new(plain)) };
    let name = ServerName::try_from(settings.host.clone())
        .map_err(|_| "its name cannot stand in a certificate".to_owned())?;
    let encrypted = TlsConnector::from(Arc::clone(config)).connect(name, plain).await;
    Ok(Box::new(encrypted.map_err(|error| handshake(&error))?))
}

/// A broker that does not know the beginning of TLS ends the connection, or answers it in plain text.
fn handshake(error: &io::Error) -> String {
    let is_cut = matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe
    );
    let told = words(error);
    if is_cut || is_plain_text(&told) {
        return format!("does it speak TLS at this port? No encryption was agreed on: {told}");
    }
    told
}

async fn reach(settings: &Settings) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "its name has no address");
    for address in lookup_host((settings.host.as_str(), settings.port)).await? {
        match reach_one(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn reach_one(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await??;
    // What is sent was gathered before.
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused: nobody listens there".into(),
        io::ErrorKind::TimedOut => "no answer in time".into(),
        _ => error.to_string(),
    }
}

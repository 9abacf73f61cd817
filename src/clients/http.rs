//! HTTP as a client: always with time-outs, never with an endless body.

use crate::clients::roots;
use crate::core::fault::Fault;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Time for connecting and for the whole exchange.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub connect: Duration,
    pub total: Duration,
}

/// An answer whose body is read as it comes.
pub struct Opened {
    pub status: u16,
    pub content_type: String,
    pub body: Box<dyn Read + Send>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opened").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A client with a pool of connections.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
}

/// A request as components see it.
#[derive(Debug, Default)]
pub struct Request<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(String, String)],
    pub body: Option<(&'a str, &'a [u8])>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(timeouts: Timeouts) -> Self {
        let config = config(timeouts.connect).timeout_global(Some(timeouts.total));
        Self { agent: ureq::Agent::new_with_config(config.build()) }
    }

    /// For answers that take long or have no end: only a silence ends them.
    pub fn patient(connect: Duration, silence: Duration) -> Self {
        let config = config(connect)
            .timeout_send_request(Some(silence))
            .timeout_recv_response(Some(silence))
            .timeout_per_read(Some(silence))
            // What is compressed on the way may be held back there.
            .accept_encoding("identity");
        Self { agent: ureq::Agent::new_with_config(config.build()) }
    }

    /// Sends a request and reads at most `bytes_max` of the answer's body. Whatever fails on the way may
    /// work later.
    pub fn send(&self, request: &Request, bytes_max: u64) -> Result<Answer, Fault> {
        let shown = shown(request.url);
        let mut response = self.run(request)?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            etag: header("etag"),
            last_modified: header("last-modified"),
            retry_after: header("retry-after")
                .and_then(|text| text.trim().parse().ok())
                .map(|seconds: u64| Duration::from_secs(seconds.min(3600))),
            body: Vec::new(),
        };
        let mut reader = response.body_mut().as_reader().take(bytes_max + 1);
        reader
            .read_to_end(&mut answer.body)
            .map_err(|error| Fault::retry(format!("{shown}: the answer broke off: {error}")))?;
        if answer.body.len() as u64 > bytes_max {
            let limit = crate::core::unit::show_size(bytes_max);
            return Err(Fault::retry(format!("{shown}: the answer is larger than {limit}")));
        }
        Ok(answer)
    }

    /// Sends a request and leaves the answer's body to be read.
    pub fn open(&self, request: &Request) -> Result<Opened, Fault> {
        let response = self.run(request)?;
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Opened {
            status: response.status().as_u16(),
            content_type: content_type.to_owned(),
            body: Box::new(response.into_body().into_reader()),
        })
    }

    fn run(&self, request: &Request) -> Result<http::Response<ureq::Body>, Fault> {
        let shown = shown(request.url);
        let mut builder = http::Request::builder().method(request.method).uri(request.url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some((content_type, _)) = request.body {
            builder = builder.header("content-type", content_type);
        }
        let body = request.body.map(|(_, bytes)| bytes).unwrap_or_default();
        let built = builder.body(body).map_err(|error| {
            Fault::stop(format!("{shown}: {error}; correct the URL or a header"))
        })?;
        self.agent.run(built).map_err(|error| Fault::retry(explain(shown, &error)))
    }
}

/// The headers that show a token, if there is one.
pub fn bearer(token: Option<&str>) -> Vec<(String, String)> {
    token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))).into_iter().collect()
}

fn config(connect: Duration) -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    ureq::Agent::config_builder()
        .timeout_connect(Some(connect))
        .http_status_as_error(false)
        .user_agent(concat!("headwater/", env!("CARGO_PKG_VERSION")))
        .max_redirects(5)
        .tls_config(tls())
}

/// Believes whom the system believes, so that an authority of one's own is added in one place.
fn tls() -> TlsConfig {
    let certificates = roots::system().iter().map(|it| Certificate::from_der(it)).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

/// A query may hold what does not belong into a log.
fn shown(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// What happened, in words a user can act on.
fn explain(url: &str, error: &ureq::Error) -> String {
    let reason = match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "the host's name is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "connection refused: nobody listens there".to_owned()
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) if roots::system().is_empty() => {
            "this system has no root certificates to know the server by".to_owned()
        }
        other if roots::is_plain_text(&other.to_string()) => {
            "the server speaks no TLS at this port: write http://, or the port at which it does"
                .to_owned()
        }
        other => other.to_string(),
    };
    format!("{url}: {reason}")
}

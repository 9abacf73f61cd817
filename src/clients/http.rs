//! HTTP as a client: always with time-outs, never with an endless body.

use crate::core::fault::Fault;
use std::io::Read as _;
use std::time::Duration;

/// Time for connecting and for the whole exchange.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub connect: Duration,
    pub total: Duration,
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
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(timeouts.connect))
            .timeout_global(Some(timeouts.total))
            .http_status_as_error(false)
            .user_agent(concat!("headwater/", env!("CARGO_PKG_VERSION")))
            .max_redirects(5)
            .build();
        Self { agent: ureq::Agent::new_with_config(config) }
    }

    /// Sends a request and reads at most `bytes_max` of the answer's body. Whatever fails on the way may
    /// work later.
    pub fn send(&self, request: &Request, bytes_max: u64) -> Result<Answer, Fault> {
        let url = request.url;
        // A query may hold what does not belong into a log.
        let shown = url.split('?').next().unwrap_or(url);
        let fault = |error: ureq::Error| Fault::retry(explain(shown, &error));
        let mut builder = http::Request::builder().method(request.method).uri(url);
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
        let mut response = self.agent.run(built).map_err(fault)?;
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
        other => other.to_string(),
    };
    format!("{url}: {reason}")
}

//! The options that source and sink share: where the broker is, how to get in, what it says when we are gone.

use crate::clients::roots::roots;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::options::{Opt, Options, Shape};
use crate::formats::form::decode_path;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub const URL: Opt = Opt::required(
    "url",
    Shape::Address(&["mqtt", "mqtts"]),
    "The broker: `mqtt://host:1883`, or `mqtts://host:8883` for TLS; a user and a password may stand in it.",
);
pub const VERSION: Opt = Opt::with_default(
    "version",
    Shape::Choice(&["5", "3.1.1"]),
    "5",
    "The version of the protocol that is spoken.",
);
pub const CLIENT_ID: Opt = Opt::optional(
    "client_id",
    Shape::Text,
    "Under which name the broker knows this client; unless it is given, made of the names of stack and service.",
);
pub const USERNAME: Opt = Opt::optional("username", Shape::Text, "Who logs in.");
pub const PASSWORD_FILE: Opt = Opt::optional(
    "password_file",
    Shape::Path,
    "A file with the password; it is read at every connection.",
);
pub const CA: Opt = Opt::optional(
    "ca",
    Shape::Path,
    "A PEM file with the certificates of who may sign the broker's; otherwise the system's are used.",
);
pub const CERTIFICATE: Opt = Opt::optional(
    "certificate",
    Shape::Path,
    "A PEM file with the certificate by which this client is known.",
)
.beside("key");
pub const KEY: Opt =
    Opt::optional("key", Shape::Path, "A PEM file with the private key to `certificate`.")
        .beside("certificate");
pub const KEEP_ALIVE: Opt = Opt::with_default(
    "keep_alive",
    Shape::Duration,
    "30s",
    "How often a silent connection is tried; one that does not answer is made anew.",
);
pub const WILL_TOPIC: Opt = Opt::optional(
    "will_topic",
    Shape::Text,
    "Where the broker says that this client is gone without a goodbye.",
);
pub const WILL: Opt = Opt::optional(
    "will",
    Shape::Text,
    "What the broker says there, as a retained message of QoS 1.",
)
.beside("will_topic");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Four,
    Five,
}

/// Where a broker is and how to get in. It may hold a password and so is never shown whole.
#[derive(Clone)]
pub struct Settings {
    pub version: Version,
    pub host: String,
    pub port: u16,
    pub client_id: String,
    pub username: Option<String>,
    password: Password,
    pub encryption: Option<Arc<ClientConfig>>,
    pub keep_alive: Duration,
    pub will: Option<(String, String)>,
}

#[derive(Clone)]
enum Password {
    None,
    Given(String),
    File(PathBuf),
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Settings").field("broker", &self.broker()).finish_non_exhaustive()
    }
}

impl Settings {
    pub fn of(options: &Options, context: &Context, role: &str) -> Result<Self, Fault> {
        let url = options.text("url");
        let place = Place::parse(url).map_err(Fault::stop)?;
        let username = options.text_if("username").map(str::to_owned).or(place.username);
        let password = match (options.text_if("password_file"), place.password) {
            (Some(path), _) => Password::File(path.into()),
            (None, Some(password)) => Password::Given(password),
            (None, None) => Password::None,
        };
        let made_up = || format!("headwater-{}-{}{role}", context.stack, context.service);
        let encryption = place.is_encrypted.then(|| encryption(options)).transpose();
        let will = options.text_if("will_topic").map(|topic| {
            (topic.to_owned(), options.text_if("will").unwrap_or_default().to_owned())
        });
        Ok(Self {
            version: if options.text("version") == "5" { Version::Five } else { Version::Four },
            host: place.host,
            port: place.port,
            client_id: options.text_if("client_id").map_or_else(made_up, str::to_owned),
            username,
            password,
            encryption: encryption.map_err(Fault::stop)?,
            keep_alive: options.duration("keep_alive").max(Duration::from_secs(1)),
            will,
        })
    }

    /// For messages: host and port, nothing secret.
    pub fn broker(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Read anew for every connection, so that a changed file is found.
    pub fn password(&self) -> Result<Option<String>, Fault> {
        match &self.password {
            Password::None => Ok(None),
            Password::Given(text) => Ok(Some(text.clone())),
            Password::File(path) => std::fs::read_to_string(path)
                .map(|text| Some(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|error| {
                    Fault::retry(format!("the password file {}: {error}", path.display()))
                }),
        }
    }

    /// Whole seconds, as the protocol counts.
    pub fn keep_alive_seconds(&self) -> u16 {
        u16::try_from(self.keep_alive.as_secs()).unwrap_or(u16::MAX)
    }
}

struct Place {
    is_encrypted: bool,
    host: String,
    port: u16,
    username: Option<String>,
    password: Option<String>,
}

impl Place {
    /// What is wrong with the URL is said without showing it.
    fn parse(url: &str) -> Result<Self, String> {
        let (is_encrypted, rest) = match (url.strip_prefix("mqtt://"), url.strip_prefix("mqtts://"))
        {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err("the broker's URL begins with mqtt:// or mqtts://".into()),
        };
        let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(a, b)| (Some(a), b));
        let place = place.trim_end_matches('/');
        if place.contains(['/', '?', '#']) {
            return Err("the broker's URL ends with its port: topics stand below `topics`".into());
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let port = port.parse().map_err(|_| "the port in the broker's URL is no number")?;
                (host, port)
            }
            _ => (place, if is_encrypted { 8883 } else { 1883 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err("the broker's URL names no host".into());
        }
        let (username, password) =
            match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
                None => (None, None),
                Some((user, "")) => (Some(decode_path(user)), None),
                Some((user, password)) => (Some(decode_path(user)), Some(decode_path(password))),
            };
        Ok(Self { is_encrypted, host: host.to_owned(), port, username, password })
    }
}

fn encryption(options: &Options) -> Result<Arc<ClientConfig>, String> {
    let file = options.text_if("ca").map(PathBuf::from);
    let roots = roots(file.as_deref(), "name a file with `ca`")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("encryption cannot be set up: {error}"))?
        .with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (options.text_if("certificate"), options.text_if("key"))
    else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let unreadable = |path: &str, why: &dyn std::fmt::Display| format!("{path}: {why}");
    let chain = CertificateDer::pem_file_iter(Path::new(certificate))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(certificate, &error))?;
    let secret =
        PrivateKeyDer::from_pem_file(Path::new(key)).map_err(|error| unreadable(key, &error))?;
    let config = builder
        .with_client_auth_cert(chain, secret)
        .map_err(|error| unreadable(certificate, &error))?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_a_broker_is() {
        let place = Place::parse("mqtts://us%40er:p%2Fw:d@broker.example").unwrap();
        assert!(place.is_encrypted);
        assert_eq!((place.host.as_str(), place.port), ("broker.example", 8883));
        assert_eq!(place.username.as_deref(), Some("us@er"));
        assert_eq!(place.password.as_deref(), Some("p/w:d"));
        let place = Place::parse("mqtt://[::1]:7").unwrap();
        assert_eq!((place.host.as_str(), place.port, place.username), ("::1", 7, None));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for wrong in [
            "http://u:secret@h",
            "mqtt://u:secret@h:port",
            "mqtt://u:secret@",
            "mqtt://u:secret@h/t",
        ] {
            let told = Place::parse(wrong).err().unwrap();
            assert!(!told.contains("secret"), "{told}");
        }
    }
}

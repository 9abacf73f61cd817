//! Where the servers are and how to get in. A login is read anew for every connection, so that a rotated file is
//! found; nothing of it is ever shown.

use crate::core::fault::Fault;
use crate::core::options::{Opt, Options, Shape};
use std::fmt;
use std::path::PathBuf;

/// The options that say it, for the tables of those who connect.
pub const LOGIN: [Opt; 11] = [
    Opt::with_default(
        "url",
        Shape::Text,
        "nats://127.0.0.1:4222",
        "The server, or several of a cluster with commas between them; `tls://` wants encryption.",
    ),
    Opt::optional("user", Shape::Text, "Name to log in with."),
    Opt::optional(
        "password",
        Shape::Text,
        "Its password; `${NAME}` takes it from the environment.",
    ),
    Opt::optional("password_file", Shape::Path, "A file that holds the password.")
        .instead_of(&["password"]),
    Opt::optional("token", Shape::Text, "A token to log in with, instead of a name.")
        .instead_of(&["user"]),
    Opt::optional("token_file", Shape::Path, "A file that holds the token.")
        .instead_of(&["user", "token"]),
    Opt::optional("credentials", Shape::Path, "A `.creds` file with a JWT and its key.")
        .instead_of(&["user", "token", "token_file"]),
    Opt::optional("nkey", Shape::Path, "A file with the seed of an nkey.").instead_of(&[
        "user",
        "token",
        "token_file",
        "credentials",
    ]),
    Opt::optional(
        "ca",
        Shape::Path,
        "Certificates (PEM) that may sign the server's, instead of the system's.",
    ),
    Opt::optional(
        "certificate",
        Shape::Path,
        "Certificate (PEM) to show to a server that asks for one.",
    )
    .beside("key"),
    Opt::optional("key", Shape::Path, "The private key (PEM) of `certificate`.")
        .beside("certificate"),
];

/// It holds secrets and so is never shown but through `shown`.
#[derive(Clone)]
pub struct Address {
    servers: Vec<String>,
    user: Option<String>,
    password: Secret,
    token: Secret,
    credentials: Option<PathBuf>,
    nkey: Option<PathBuf>,
    ca: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone)]
enum Secret {
    None,
    Given(String),
    File(PathBuf),
}

impl Secret {
    fn of(options: &Options, name: &str, file: &str) -> Self {
        match (options.text_if(name), options.text_if(file)) {
            (Some(text), _) => Self::Given(text.to_owned()),
            (None, Some(path)) => Self::File(path.into()),
            (None, None) => Self::None,
        }
    }

    fn read(&self) -> Result<Option<String>, Fault> {
        match self {
            Self::None => Ok(None),
            Self::Given(text) => Ok(Some(text.clone())),
            Self::File(path) => Ok(Some(read(path)?.trim().to_owned())),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Address").field("servers", &self.shown()).finish_non_exhaustive()
    }
}

impl Address {
    pub fn of(options: &Options) -> Self {
        let mut user = options.text_if("user").map(str::to_owned);
        let mut password = Secret::of(options, "password", "password_file");
        let mut token = Secret::of(options, "token", "token_file");
        let mut servers = Vec::new();
        for written in options.text("url").split(',').map(str::trim).filter(|url| !url.is_empty()) {
            let (scheme, rest) = written.split_once("://").unwrap_or(("nats", written));
            // A login inside the URL is moved out of it, so that no error and no log can show it.
            let (login, host) = rest.rsplit_once('@').unwrap_or(("", rest));
            match login.split_once(':') {
                Some((name, word)) => {
                    user.get_or_insert_with(|| name.to_owned());
                    if matches!(password, Secret::None) {
                        password = Secret::Given(word.to_owned());
                    }
                }
                None if !login.is_empty() && matches!(token, Secret::None) => {
                    token = Secret::Given(login.to_owned());
                }
                None => {}
            }
            servers.push(format!("{scheme}://{}", host.trim_end_matches('/')));
        }
        let identity = options.text_if("certificate").zip(options.text_if("key"));
        Self {
            servers,
            user,
            password,
            token,
            credentials: options.text_if("credentials").map(PathBuf::from),
            nkey: options.text_if("nkey").map(PathBuf::from),
            ca: options.text_if("ca").map(PathBuf::from),
            identity: identity.map(|(certificate, key)| (certificate.into(), key.into())),
        }
    }

    /// The servers without anything that gets one in.
    pub fn shown(&self) -> String {
        self.servers.join(",")
    }

    pub(super) fn servers(&self) -> Result<Vec<async_nats::ServerAddr>, Fault> {
        if self.servers.is_empty() {
            return Err(Fault::stop("`url` names no NATS server: write nats://host:4222"));
        }
        let parse = |server: &String| {
            server.parse().map_err(|_| {
                Fault::stop(format!("`{server}` is no NATS server: write nats://host:4222"))
            })
        };
        self.servers.iter().map(parse).collect()
    }

    /// With login and encryption.
    pub(super) fn options(&self) -> Result<async_nats::ConnectOptions, Fault> {
        let mut options = async_nats::ConnectOptions::new();
        if let Some(user) = &self.user {
            let password = self.password.read()?.unwrap_or_default();
            options = options.user_and_password(user.clone(), password);
        }
        if let Some(token) = self.token.read()? {
            options = options.token(token);
        }
        if let Some(path) = &self.credentials {
            options = options.credentials(&read(path)?).map_err(|_| {
                Fault::retry(format!("{} holds no NATS credentials", path.display()))
            })?;
        }
        if let Some(path) = &self.nkey {
            let seed = read(path)?.trim().to_owned();
            // The client would take it for a login that the server refuses.
            if !is_seed(&seed) {
                return Err(Fault::retry(format!(
                    "{} holds no nkey: a user's seed begins with SU",
                    path.display()
                )));
            }
            options = options.nkey(seed);
        }
        if let Some(path) = &self.ca {
            read(path)?;
            options = options.add_root_certificates(path.clone());
        }
        if let Some((certificate, key)) = &self.identity {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        Ok(options)
    }
}

/// Has it the form of a user's seed? Base 32 of a prefix, 32 bytes and a checksum.
fn is_seed(text: &str) -> bool {
    let is_base32 = |letter: u8| matches!(letter, b'A'..=b'Z' | b'2'..=b'7');
    text.len() == 58 && text.starts_with("SU") && text.bytes().all(is_base32)
}

/// A file that is not there may be mounted later.
fn read(path: &std::path::Path) -> Result<String, Fault> {
    std::fs::read_to_string(path)
        .map_err(|error| Fault::retry(format!("{} cannot be read: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::options::Setting;

    #[test]
    fn a_login_inside_the_url_is_used_and_never_shown() {
        let mut options = Options::default();
        let url = "nats://me:se@cret@a:4222, tls://b/";
        options.set("url", Setting::Text(url.to_owned()));
        let address = Address::of(&options);
        assert_eq!(address.shown(), "nats://a:4222,tls://b");
        assert_eq!(address.user.as_deref(), Some("me"));
        assert_eq!(address.password.read().unwrap().as_deref(), Some("se@cret"));
        assert!(!format!("{address:?}").contains("cret"));
        assert_eq!(address.servers().unwrap().len(), 2);
    }

    #[test]
    fn says_which_url_is_no_server() {
        let mut options = Options::default();
        options.set("url", Setting::Text("nats://me:secret@:x:y".to_owned()));
        let fault = Address::of(&options).servers().unwrap_err();
        assert!(fault.reason().contains("is no NATS server"), "{fault}");
        assert!(!fault.reason().contains("secret"));
    }
}

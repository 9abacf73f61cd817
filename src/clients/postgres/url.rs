//! `postgres://user:password@host:port/database?options`, read as libpq does and a little more kindly: a password
//! may hold special characters as they are.

use std::path::PathBuf;
use std::time::Duration;

/// Where a database is and how to get in. It holds a password and so is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    pub hosts: Vec<(String, u16)>,
    pub user: String,
    pub password: Option<String>,
    pub database: String,
    pub security: Security,
    /// Certificates of those who may sign the server's, instead of the system's.
    pub root_certificates: Option<PathBuf>,
    pub connect_timeout: Option<Duration>,
    pub application: Option<String>,
    pub options: Option<String>,
    pub needs_writable: bool,
}

/// `sslmode`, with libpq's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Disable,
    /// Encrypted when the server can, which nobody checks.
    Prefer,
    /// Encrypted, but by whomever.
    Require,
    /// Encrypted by somebody with a good certificate.
    VerifyAuthority,
    /// Encrypted by somebody with a good certificate for this host.
    VerifyFull,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Address {
    /// Reads a URL; what is wrong with it is told without showing any of it but the name of a parameter.
    pub fn parse(url: &str) -> Result<Self, String> {
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or("a PostgreSQL URL begins with postgres://")?;
        // A password may hold an `@`; in an option it is written %40.
        let (login, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(decoded(password))),
            None => (login, None),
        };
        let mut address = Self {
            hosts: hosts_of(hosts)?,
            user: decoded(user),
            password,
            database: decoded(database),
            security: Security::Prefer,
            root_certificates: None,
            connect_timeout: None,
            application: None,
            options: None,
            needs_writable: false,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            address.set(name, decoded(value))?;
        }
        if address.user.is_empty() {
            return Err("the PostgreSQL URL names no user: postgres://USER:PASSWORD@HOST/…".into());
        }
        if address.database.is_empty() {
            address.database.clone_from(&address.user);
        }
        Ok(address)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let wrong = |allowed: &str| Err(format!("`{name}` of the PostgreSQL URL is {allowed}"));
        match name {
            "sslmode" => match value.as_str() {
                "disable" => self.security = Security::Disable,
                "allow" | "prefer" => self.security = Security::Prefer,
                "require" => self.security = Security::Require,
                "verify-ca" => self.security = Security::VerifyAuthority,
                "verify-full" => self.security = Security::VerifyFull,
                _ => return wrong("disable, prefer, require, verify-ca or verify-full"),
            },
            "sslrootcert" if value == "system" => self.root_certificates = None,
            "sslrootcert" => self.root_certificates = Some(value.into()),
            "user" => self.user = value,
            "password" => self.password = Some(value),
            "dbname" => self.database = value,
            "host" => self.hosts = hosts_of(&value)?,
            "port" => {
                let Ok(port) = value.parse() else { return wrong("a number") };
                self.hosts.iter_mut().for_each(|(_, kept)| *kept = port);
            }
            "application_name" => self.application = Some(value),
            "options" => self.options = Some(value),
            "connect_timeout" => match value.parse() {
                Ok(0) => self.connect_timeout = None,
                Ok(seconds) => self.connect_timeout = Some(Duration::from_secs(seconds)),
                Err(_) => return wrong("a number of seconds"),
            },
            "target_session_attrs" => match value.as_str() {
                "any" => self.needs_writable = false,
                "read-write" | "primary" => self.needs_writable = true,
                _ => return wrong("any or read-write"),
            },
            _ => return Err(format!("`{name}` in the PostgreSQL URL is not known here")),
        }
        Ok(())
    }

    /// For the log of whoever runs this: everything but the password.
    pub fn shown(&self) -> String {
        let hosts: Vec<String> =
            self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        format!("{}@{}/{}", self.user, hosts.join(","), self.database)
    }
}

/// `a:1,b` with 5432 where no port is said; `[::1]:1` for IPv6, `%2Fpath` for a Unix socket's directory.
fn hosts_of(text: &str) -> Result<Vec<(String, u16)>, String> {
    let host_of = |text: &str| {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (text, ""),
        };
        let port = if port.is_empty() { Some(5432) } else { port.parse().ok() };
        let port = port.ok_or("the port in the PostgreSQL URL is no number from 0 to 65535")?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = if host.is_empty() { "localhost".to_owned() } else { decoded(host) };
        Ok((host, port))
    };
    text.split(',').map(host_of).collect()
}

/// Takes percent signs that begin no escape as they are.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').filter(|digits| !digits.starts_with('+'));
        if let Some(byte) = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    // What is no text when decoded was not encoded.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse(url).unwrap()
    }

    #[test]
    fn reads_what_libpq_reads() {
        let address = parse(
            "postgresql://me:secret@db.example:5433/shop?sslmode=verify-full&connect_timeout=3",
        );
        assert_eq!(address.hosts, [("db.example".to_owned(), 5433)]);
        assert_eq!((address.user.as_str(), address.database.as_str()), ("me", "shop"));
        assert_eq!(address.password.as_deref(), Some("secret"));
        assert_eq!(address.security, Security::VerifyFull);
        assert_eq!(address.connect_timeout, Some(Duration::from_secs(3)));
        let short = parse("postgres://me@");
        assert_eq!(short.hosts, [("localhost".to_owned(), 5432)]);
        assert_eq!((short.database.as_str(), short.password), ("me", None));
        assert_eq!(short.security, Security::Prefer);
        assert_eq!(parse("postgres://me@[::1]:7/x").hosts, [("::1".to_owned(), 7)]);
        assert_eq!(parse("postgres://me@[::1]/x").hosts, [("::1".to_owned(), 5432)]);
        assert_eq!(parse("postgres://me@%2Frun%2Fpg/x").hosts, [("/run/pg".to_owned(), 5432)]);
        assert_eq!(
            parse("postgres://me@/x?host=/run/pg&port=6").hosts,
            [("/run/pg".to_owned(), 6)]
        );
        let two = parse("postgres://me@a:1,b/x?target_session_attrs=read-write");
        assert_eq!(two.hosts, [("a".to_owned(), 1), ("b".to_owned(), 5432)]);
        assert!(two.needs_writable);
    }

    #[test]
    fn a_password_may_hold_anything() {
        for (written, meant) in [
            ("p@ss/w?rd#&=:", "p@ss/w?rd#&=:"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%41%2f", "A/"),
            ("%ff", "%ff"),
            ("%+1", "%+1"),
            ("", ""),
        ] {
            let address = parse(&format!("postgres://me:{written}@host/x"));
            assert_eq!(address.password.as_deref(), Some(meant), "{written}");
            assert_eq!(address.hosts[0].0, "host");
        }
    }

    #[test]
    fn says_what_is_wrong_without_showing_the_password() {
        for (url, told) in [
            ("mysql://me:secret@host/x", "begins with postgres://"),
            ("postgres://host/secret", "names no user"),
            ("postgres://me:secret@host:x/y", "port"),
            ("postgres://me:secret@host/x?sslmode=maybe", "`sslmode`"),
            ("postgres://me:secret@host/x?sslkey=a", "`sslkey`"),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(error.contains(told) && !error.contains("secret"), "{error}");
        }
        let address = parse("postgres://me:secret@host/x");
        assert!(!format!("{address:?} {}", address.shown()).contains("secret"));
    }
}

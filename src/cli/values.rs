//! What stands behind the options of the command line: ports, addresses, and names with values.

use std::net::{IpAddr, SocketAddr};

/// `8000` of the only service that runs, or `api=8000` as `up` wants it.
#[derive(Debug, Clone)]
pub(super) struct Port {
    service: Option<String>,
    number: u16,
}

impl Port {
    pub(super) fn of(&self, only: &str) -> (String, u16) {
        (self.service.clone().unwrap_or_else(|| only.to_owned()), self.number)
    }
}

impl std::str::FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Ok(Self { service: None, number });
        }
        let (service, number) =
            assignment(text).map_err(|_| format!("`{text}` is no port, such as 8000"))?;
        Ok(Self { service: Some(service), number })
    }
}

/// `api=8000`
pub(super) fn assignment<N: std::str::FromStr>(text: &str) -> Result<(String, N), String> {
    let wrong = || format!("`{text}` is not SERVICE=N, such as api=8000");
    let (name, number) = text.split_once('=').ok_or_else(wrong)?;
    Ok((name.to_owned(), number.parse().map_err(|_| wrong())?))
}

/// `NAME=VALUE`
pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// `localhost` is the one name that everybody knows the address of.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let wrong = "an address of this machine is wanted: 127.0.0.1, 192.168.1.20, or 0.0.0.0 for all";
    let text = if text == "localhost" { "127.0.0.1" } else { text };
    text.parse().map_err(|_| wrong.to_owned())
}

pub(super) fn address_with_port(text: &str) -> Result<SocketAddr, String> {
    let wrong =
        "an address with a port is wanted: 127.0.0.1:7070, or 0.0.0.0:7070 for all to reach";
    let text = text
        .strip_prefix("localhost:")
        .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| wrong.to_owned())
}

//! Where something listens: a port, or an address with a port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where a service listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// `None`: what `--bind` says.
    pub address: Option<IpAddr>,
    pub port: u16,
}

impl Listen {
    /// Reads a port (`8080`), or an address with a port (`0.0.0.0:8080`, `localhost:8080`).
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Self { address: None, port });
        }
        let address = text.replace("localhost:", "127.0.0.1:");
        match address.parse::<SocketAddr>() {
            Ok(address) => Ok(Self { address: Some(address.ip()), port: address.port() }),
            Err(_) => {
                Err(format!("`{text}` is neither a port (0..65535) nor an address with a port"))
            }
        }
    }

    pub fn socket(self, bind: IpAddr) -> SocketAddr {
        SocketAddr::new(self.address.unwrap_or(bind), self.port)
    }

    /// Do the two want the same port on the same address? A port of 0 is a free one.
    pub fn collides(self, other: Self) -> bool {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let here = self.address.unwrap_or(any);
        let there = other.address.unwrap_or(any);
        self.port != 0
            && self.port == other.port
            && (here == there || here.is_unspecified() || there.is_unspecified())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_collides_with_every_address_of_the_same_port() {
        let listen = |text| Listen::parse(text).unwrap();
        assert!(listen("8080").collides(listen("127.0.0.1:8080")));
        assert!(!listen("127.0.0.1:8080").collides(listen("127.0.0.2:8080")));
        assert!(!listen("0").collides(listen("0")));
        assert!(Listen::parse("80a").is_err());
    }
}

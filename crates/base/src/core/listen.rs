//! Addresses in stack files: where something listens, and networks that are named in a list.

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

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    networks: Vec<(IpAddr, u8)>,
}

impl Networks {
    /// `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`; the one that is wrong is the error.
    pub fn parse(names: &[String]) -> Result<Self, String> {
        let network = |name: &String| {
            let (address, length) = name.split_once('/').unwrap_or((name, ""));
            let address: IpAddr = address.trim().parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let length = if length.is_empty() { longest } else { length.trim().parse().ok()? };
            (length <= longest).then_some((address, length))
        };
        let read = |name| network(name).ok_or_else(|| format!("`{name}` is no address or network"));
        Ok(Self { networks: names.iter().map(read).collect::<Result<_, _>>()? })
    }

    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|(network, length)| is_in(address, *network, *length))
    }
}

fn is_in(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, true),
        IpAddr::V6(address) => (u128::from(address), false),
    };
    let ((one, is_four), (other, is_other_four)) = (bits(address), bits(network.to_canonical()));
    let differs = one ^ other;
    is_four == is_other_four && (length == 0 || differs >> (128 - u32::from(length)) == 0)
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

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        let names = ["10.0.0.0/8", "192.168.1.7", "fd00::/8"].map(str::to_owned);
        let networks = Networks::parse(&names).unwrap();
        for (address, is_in) in [
            ("10.255.1.2", true),
            ("11.0.0.1", false),
            ("::ffff:10.1.1.1", true),
            ("192.168.1.7", true),
            ("192.168.1.8", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(networks.has(address.parse().unwrap()), is_in, "{address}");
        }
        assert!(Networks::parse(&["0.0.0.0/0".to_owned()]).unwrap().has([1, 2, 3, 4].into()));
        for wrong in ["10.0.0.0/33", "proxy", "10.0.0.0/x"] {
            assert!(Networks::parse(&[wrong.to_owned()]).unwrap_err().contains(wrong));
        }
    }
}

//! Addresses and networks in a list, such as those of proxies whose word counts.

use std::net::IpAddr;

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

//! Who may call in: trunks by address. The loopback may always.

use std::net::IpAddr;

use crate::call::block::Block;
use crate::call::error::CallError;

/// Blocks of addresses.
#[derive(Clone, Debug, Default)]
pub struct Trunks {
    blocks: Vec<Block>,
}

impl Trunks {
    /// From addresses and CIDR blocks: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
    pub fn parse(texts: &[String]) -> Result<Self, CallError> {
        let blocks = texts
            .iter()
            .map(|text| {
                Block::parse(text).ok_or_else(|| CallError::Setting {
                    field: "sip.trunks",
                    problem: format!(
                        "{text:?} is no address or block like 192.0.2.7 or 10.0.0.0/8"
                    ),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Trunks { blocks })
    }

    /// May call us.
    pub fn allow(&self, ip: IpAddr) -> bool {
        self.trusted(ip)
    }

    /// Is believed when it asserts who calls (RFC 3325).
    pub fn trusted(&self, ip: IpAddr) -> bool {
        ip.to_canonical().is_loopback() || self.blocks.iter().any(|block| block.holds(ip))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn blocks_hold_what_they_say() {
        let texts = ["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "0.0.0.0/32"].map(str::to_owned);
        let trunks = Trunks::parse(&texts).unwrap();
        let allowed = |text: &str| trunks.allow(text.parse().unwrap());
        for yes in
            ["192.0.2.7", "10.255.0.1", "2001:db8:1::1", "127.0.0.9", "::1", "::ffff:10.1.1.1"]
        {
            assert!(allowed(yes), "{yes}");
        }
        for no in ["192.0.2.8", "11.0.0.1", "2001:db9::1", "0.0.0.1"] {
            assert!(!allowed(no), "{no}");
        }
        let everybody = Trunks::parse(&["0.0.0.0/0".to_owned()]).unwrap();
        assert!(everybody.allow("198.51.100.1".parse().unwrap()));
        for bad in ["10.0.0.0/33", "example.cn", "", "10.0.0.0/-1"] {
            assert!(Trunks::parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}

//! Blocks of addresses, as trunks are named by: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.

use std::net::IpAddr;

/// An address, or all that begin alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    network: u128,
    mask: u128,
    v4: bool,
}

impl Block {
    /// `None` where the text is no address and no CIDR block.
    pub fn parse(text: &str) -> Option<Block> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let ip: IpAddr = address.trim().parse().ok()?;
        let (bits, width) = number(ip);
        let length = length.unwrap_or(width);
        if length > width {
            return None;
        }
        if let IpAddr::V6(v6) = ip
            && let Some(v4) = v6.to_ipv4_mapped()
            && length >= 96
        {
            return Block::parse(&format!("{v4}/{}", length - 96));
        }
        let ones = u128::MAX.checked_shl(width - length).unwrap_or(0);
        let mask = if width == 128 { ones } else { ones & u128::from(u32::MAX) };
        Some(Block { network: bits & mask, mask, v4: width == 32 })
    }

    /// An IPv4 address that is written as an IPv6 one is the IPv4 address.
    pub fn holds(self, ip: IpAddr) -> bool {
        let (bits, width) = number(ip.to_canonical());
        (width == 32) == self.v4 && bits & self.mask == self.network
    }

    /// How many leading bits must agree: of two blocks that hold an address the greater is the more particular.
    pub const fn length(self) -> u32 {
        self.mask.count_ones()
    }
}

fn number(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

//! Who a client is: the address at the other end, or the one that a configured proxy names.
//!
//! In scope: networks as prefixes, `X-Forwarded-For`. Out of scope: what a client may do (`limits`).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network: all addresses that begin alike.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// A text that names no network.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a network: an address, perhaps with / and a number of bits")]
pub struct NetworkError;

impl NetworkError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self => "network-malformed",
        }
    }
}

impl Network {
    /// Whether an address belongs to it.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => shared(
                u128::from(base.to_bits()) << 96,
                u128::from(address.to_bits()) << 96,
                self.bits,
            ),
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                shared(base.to_bits(), address.to_bits(), self.bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn shared(one: u128, other: u128, bits: u8) -> bool {
    let differing = one ^ other;
    differing.leading_zeros() >= u32::from(bits)
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most).ok_or(NetworkError)?,
        };
        Ok(Self { base, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// The client's address: the last one that no configured proxy put there itself.
///
/// `forwarded` are the values of `X-Forwarded-For`, in order; they count only if `peer` is a configured proxy.
pub(crate) fn client_of<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    proxies: &[Network],
) -> IpAddr {
    let trusted = |address: IpAddr| proxies.iter().any(|proxy| proxy.holds(address));
    let mut client = peer;
    let mut named = forwarded.flat_map(|value| value.split(',')).rev();
    while trusted(client) {
        // What is no address ends the chain: the proxy itself then answers for it.
        let Some(next) = named.next().and_then(|text| text.trim().parse().ok()) else { break };
        client = next;
    }
    client
}

#[cfg(test)]
mod tests;

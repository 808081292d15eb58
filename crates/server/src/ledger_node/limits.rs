//! What one client, one signer and everybody together may ask of a node (§8 of the ledger specification).
//!
//! In scope: token buckets in bounded memory, and which network a client belongs to. Out of scope: sizes and times of
//! requests (`connections`, `request`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Buckets that are kept; the least used are forgotten beyond, and who is new then shares one bucket.
const MOST_BUCKETS: usize = 65_536;

/// How much, how fast.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// Tokens that are given within `per`.
    pub tokens: u32,
    /// The time in which they are given.
    pub per: Duration,
    /// Tokens that may be saved up.
    pub burst: u32,
}

impl Rate {
    /// So many a second, with a burst.
    #[must_use]
    pub const fn per_second(tokens: u32, burst: u32) -> Self {
        Self { tokens, per: Duration::from_secs(1), burst }
    }

    /// So many an hour, all at once if need be.
    #[must_use]
    pub const fn per_hour(tokens: u32) -> Self {
        Self { tokens, per: Duration::from_secs(3_600), burst: tokens }
    }

    fn cost(&self, tokens: u32) -> Duration {
        self.per.saturating_mul(tokens) / self.tokens.max(1)
    }
}

/// Limits of a node; `None` where there shall be none.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once of one client: an IPv4 address or an IPv6 /64. Those of configured proxies are not counted.
    pub connections_per_client: Option<usize>,
    /// Time in which the head of a request must arrive, and in which an idle connection is closed.
    pub head_timeout: Duration,
    /// Time in which the body of a request must arrive, and in which a client must take a part of an answer.
    pub body_timeout: Duration,
    /// Largest body in bytes, but for batches.
    pub body: usize,
    /// Largest body of a batch or an import in bytes.
    pub batch: usize,
    /// Bytes of batches, imports and status lists that are held at once, from their first byte to their answer.
    pub large_bodies: usize,
    /// Requests and entries of one client: an IPv4 address or an IPv6 /64.
    pub client: Option<Rate>,
    /// Entries of one signer.
    pub signer: Option<Rate>,
    /// New DIDs of one client.
    pub new_dids: Option<Rate>,
    /// Leaves that one search for a leaf hash looks through, at 32 bytes each.
    pub scanned: u64,
    /// Whether clients on this machine are free of the four limits of a client and a signer. Only where no proxy on this
    /// machine speaks for others.
    pub loopback_is_free: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_client: Some(64),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            body: 64 << 10,
            batch: inkan_ledger::batch::BATCH_LIMIT,
            large_bodies: 64 << 20,
            client: Some(Rate::per_second(20, 200)),
            signer: Some(Rate::per_second(50, 50)),
            new_dids: Some(Rate::per_hour(60)),
            scanned: 1 << 22,
            loopback_is_free: false,
        }
    }
}

/// The network that shares a bucket: an IPv4 address or an IPv6 /64.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Prefix([u8; 8]);

impl Prefix {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            // No IPv6 network begins with these: 0/8 is reserved.
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                Self([0, 0, 0, 0, a, b, c, d])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self([a, b, c, d, e, f, g, h])
            }
        }
    }
}

/// What of an address may be logged (§1.1 rule 6): /24 of IPv4, /48 of IPv6.
pub(crate) fn truncated(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// Token buckets, one for each key, in bounded memory.
///
/// Kept as the time until which each key has spent (the generic cell rate algorithm): a key that has spent nothing beyond
/// now has a full bucket, and need not be kept.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    rate: Rate,
    start: Instant,
    spent: Mutex<Spent<K>>,
}

#[derive(Debug)]
struct Spent<K> {
    until: BTreeMap<K, Duration>,
    others: Duration,
    swept: Duration,
}

impl<K: Ord + Clone> Buckets<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        let spent = Spent { until: BTreeMap::new(), others: Duration::ZERO, swept: Duration::ZERO };
        Self { rate, start: Instant::now(), spent: Mutex::new(spent) }
    }

    /// The most tokens that there can ever be.
    pub(crate) const fn most(&self) -> u32 {
        self.rate.burst
    }

    /// Takes tokens; otherwise gives the seconds after which they would be there. Nothing is taken then.
    pub(crate) fn take(&self, key: &K, tokens: u32) -> Result<(), u64> {
        self.take_at(key, tokens, self.start.elapsed())
    }

    /// Whether so many tokens could be taken. Takes none.
    pub(crate) fn peek(&self, key: &K, tokens: u32) -> Result<(), u64> {
        let now = self.start.elapsed();
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let until = spent.until.get(key).copied().unwrap_or_default();
        self.after(until, tokens, now).map(|_| ())
    }

    /// Takes tokens that were used already, even if the bucket then owes some.
    pub(crate) fn charge(&self, key: &K, tokens: u32) {
        let now = self.start.elapsed();
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.sweep(now);
        let until = spent.slot(key);
        // At most one burst is owed, so that nobody is shut out for long.
        let most = now.saturating_add(self.rate.cost(self.rate.burst).saturating_mul(2));
        *until = (*until).max(now).saturating_add(self.rate.cost(tokens)).min(most);
    }

    fn take_at(&self, key: &K, tokens: u32, now: Duration) -> Result<(), u64> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.sweep(now);
        let until = spent.slot(key);
        *until = self.after(*until, tokens, now)?;
        Ok(())
    }

    fn after(&self, until: Duration, tokens: u32, now: Duration) -> Result<Duration, u64> {
        let next = until.max(now).saturating_add(self.rate.cost(tokens));
        let room = now.saturating_add(self.rate.cost(self.rate.burst));
        match next.checked_sub(room) {
            Some(wait) if wait > Duration::ZERO => Err(wait.as_secs().saturating_add(1)),
            Some(_) | None => Ok(next),
        }
    }

    #[cfg(test)]
    fn kept(&self) -> usize {
        self.spent.lock().expect("not poisoned").until.len()
    }
}

impl<K: Ord + Clone> Spent<K> {
    /// Forgets full buckets, at most once a second.
    fn sweep(&mut self, now: Duration) {
        if self.until.len() >= MOST_BUCKETS
            && now > self.swept.saturating_add(Duration::from_secs(1))
        {
            self.swept = now;
            self.until.retain(|_, until| *until > now);
        }
    }

    fn slot(&mut self, key: &K) -> &mut Duration {
        if self.until.len() < MOST_BUCKETS || self.until.contains_key(key) {
            self.until.entry(key.clone()).or_default()
        } else {
            &mut self.others
        }
    }
}

#[cfg(test)]
mod tests;

//! How the certificates of a path stood at a time, by what is at hand.
//!
//! Whoever was revoked later is judged by the reason (assurance §8, modifier 5): a certificate that was merely replaced was good before; one that was
//! revoked for any other reason, or for none that is said, is not relied on for any time.

use inkan_core::Timestamp;

use super::Jpki;
use super::chain::{Link, Way};
use crate::path::{CERTIFICATE_HOLD, Known, Said, Standing, as_of, is_lifted};

/// RFC 5280 §5.3.1: replaced by another one.
const SUPERSEDED: u8 = 4;

/// What is known of revocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Revocation {
    /// Nobody on the path was revoked.
    Good,
    /// Somebody was.
    Revoked,
    /// Nothing is at hand.
    NotAtHand,
    /// Something is at hand, and it does not answer the question.
    NotAnswered,
}

/// How a path stood: the worst of its certificates.
pub(super) fn of_way(way: &Way, at: Timestamp, jpki: &Jpki) -> Revocation {
    let pairs = way.0.iter().zip(way.0.iter().skip(1));
    pairs.fold(Revocation::Good, |worst, (subject, issuer)| {
        match (worst, of_link(subject, issuer, at, jpki)) {
            (Revocation::Revoked, _) | (_, Revocation::Revoked) => Revocation::Revoked,
            (Revocation::Good, found) => found,
            (unknown, _) => unknown,
        }
    })
}

pub(super) fn of_link(subject: &Link, issuer: &Link, at: Timestamp, jpki: &Jpki) -> Revocation {
    let (Some(known), Some(above)) = (Known::read(&subject.der), Known::read(&issuer.der)) else {
        return Revocation::NotAnswered;
    };
    // All of them are this verifier's own: what one says is not left out because there are many.
    let said: Vec<Said> = jpki
        .crls
        .iter()
        .filter_map(|list| list.says(subject, issuer))
        .chain(jpki.ocsp.iter().flatten().filter_map(|answer| answer.says(&known, &above)))
        .collect();
    let words: Vec<Standing> = said.iter().map(|one| word(one, &said, &known, at)).collect();
    if words.iter().any(|word| matches!(word, Standing::Revoked(_))) {
        Revocation::Revoked
    } else if words.contains(&Standing::Good) {
        Revocation::Good
    } else if jpki.ocsp.is_empty() && jpki.crls.is_empty() {
        Revocation::NotAtHand
    } else {
        Revocation::NotAnswered
    }
}

fn word(said: &Said, all: &[Said], subject: &Known<'_>, at: Timestamp) -> Standing {
    match said.revoked {
        // A card that was put on hold and released is good again.
        Some(_) if said.reason == Some(CERTIFICATE_HOLD) && is_lifted(said, all, at) => {
            Standing::Unknown
        }
        Some(_) if said.reason != Some(SUPERSEDED) => Standing::Revoked(at),
        Some(_) | None => as_of(said, subject, at),
    }
}

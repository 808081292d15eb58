//! What was reported of a model, folded into one standing (assurance §7; MDS 3.0 §3.1.4).

use crate::row::FidoLevel;

/// One report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Report {
    pub(super) status: String,
    /// The day since which it holds; one without holds as long as it stands there.
    pub(super) since: Option<String>,
    /// The version of the firmware that it is about, and later ones.
    pub(super) firmware: Option<u64>,
}

/// How a model stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ModelStanding {
    /// Certified by FIDO.
    Certified(FidoLevel),
    /// Listed, and not certified.
    NotCertified,
    /// Its keys, its attestation or its way to know its user were broken, or it was revoked.
    Bad,
}

/// What a status says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Said {
    Certified(FidoLevel),
    /// Certified, it is not said how.
    CertifiedSomehow,
    NotCertified,
    Bad,
    Harmless,
}

fn said(status: &str) -> Said {
    match status {
        "FIDO_CERTIFIED" => Said::CertifiedSomehow,
        "FIDO_CERTIFIED_L1" => Said::Certified(FidoLevel::L1),
        "FIDO_CERTIFIED_L1plus" => Said::Certified(FidoLevel::L1Plus),
        "FIDO_CERTIFIED_L2" => Said::Certified(FidoLevel::L2),
        "FIDO_CERTIFIED_L2plus" => Said::Certified(FidoLevel::L2Plus),
        "FIDO_CERTIFIED_L3" => Said::Certified(FidoLevel::L3),
        "FIDO_CERTIFIED_L3plus" => Said::Certified(FidoLevel::L3Plus),
        "REVOKED"
        | "ATTESTATION_KEY_COMPROMISE"
        | "USER_KEY_REMOTE_COMPROMISE"
        | "USER_KEY_PHYSICAL_COMPROMISE"
        | "USER_VERIFICATION_BYPASS" => Said::Bad,
        "UPDATE_AVAILABLE"
        | "FIPS140_CERTIFIED_L1"
        | "FIPS140_CERTIFIED_L2"
        | "FIPS140_CERTIFIED_L3"
        | "FIPS140_CERTIFIED_L4" => Said::Harmless,
        // Among them what nobody here knows yet: unknown is not good.
        _ => Said::NotCertified,
    }
}

/// The standing on a day, `2026-11-21`, of an authenticator with that firmware.
///
/// A bad report counts from the moment it is read, whatever day it names. It is cured by a certification of a later day and of a later
/// firmware, for an authenticator that shows such a firmware: which one an authenticator has, nobody else knows.
pub(super) fn fold(reports: &[Report], firmware: Option<u64>, day: &str) -> ModelStanding {
    let is_cured = |bad: &Report| {
        reports.iter().any(|report| {
            let later = match (&report.since, &bad.since) {
                (Some(new), Some(old)) => new > old && new.as_str() <= day,
                (Some(_) | None, None) | (None, Some(_)) => false,
            };
            let certified =
                matches!(said(&report.status), Said::Certified(_) | Said::CertifiedSomehow);
            let newer = report.firmware.is_some_and(|new| {
                bad.firmware.is_some_and(|old| new > old) && firmware.is_some_and(|own| own >= new)
            });
            later && certified && newer
        })
    };
    if reports.iter().any(|report| said(&report.status) == Said::Bad && !is_cured(report)) {
        return ModelStanding::Bad;
    }
    let holds = |report: &&Report| report.since.as_deref().is_none_or(|since| since <= day);
    let counting = reports
        .iter()
        .filter(holds)
        .filter(|report| !matches!(said(&report.status), Said::Harmless | Said::Bad));
    // A report without a day is older than any other.
    let newest = counting.clone().map(|report| &report.since).max();
    let of_that_day: Vec<Said> = counting
        .filter(|report| Some(&report.since) == newest)
        .map(|report| said(&report.status))
        .collect();
    if of_that_day.contains(&Said::NotCertified) {
        return ModelStanding::NotCertified;
    }
    let levels = of_that_day.iter().filter_map(|said| match said {
        Said::Certified(level) => Some(*level),
        Said::CertifiedSomehow | Said::NotCertified | Said::Bad | Said::Harmless => None,
    });
    // Of two levels on one day the lower; a report without a level is at least the lowest.
    match levels.min() {
        Some(level) => ModelStanding::Certified(level),
        None if of_that_day.contains(&Said::CertifiedSomehow) => {
            ModelStanding::Certified(FidoLevel::L1)
        }
        None => ModelStanding::NotCertified,
    }
}

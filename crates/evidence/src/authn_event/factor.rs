//! What the factors of an authentication event are worth (assurance §7.1, rules 3 to 5). Kind and reach come from the table here, never from
//! the statement.

use inkan_core::Timestamp;

use super::{Event, Factor};
use crate::fact::FactKind;
use crate::finding::Code;
use crate::metadata::{Metadata, ModelStanding};
use crate::row::{AuthLevel, Certification};
use crate::webauthn::Aaguid;

/// The greatest distance of two factors that stand together, in seconds.
const APART: i64 = 600;

/// What a factor is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// Shows nothing about a person.
    Nothing,
    /// What one knows.
    Knowledge,
    /// What one has.
    Possession,
    /// What one has, never beside another.
    Alone,
    /// Two in one, by software.
    Both,
    /// Two in one, by a device that names the verifier to itself.
    BothInDevice,
}

fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "cookie" => Kind::Nothing,
        "password" | "pin" => Kind::Knowledge,
        "email_link" | "otp_sms" => Kind::Alone,
        "otp_software" | "otp_hardware" | "push" => Kind::Possession,
        "smart_id" => Kind::Both,
        "webauthn" | "ic_card" => Kind::BothInDevice,
        _ => return None,
    })
}

/// What an event gives.
#[derive(Debug)]
pub(crate) struct Worth {
    /// Facts that the operator attests; empty if it shows nothing of a person.
    pub(crate) facts: Vec<FactKind>,
    /// The earliest factor that was used.
    pub(crate) since: Option<Timestamp>,
    /// Where facts were lost: the code, and the factor it concerns.
    pub(crate) lost: Vec<(Code, Option<usize>)>,
}

struct Counted<'a> {
    kind: Kind,
    stated: &'a Factor,
    certified: Option<Certification>,
}

/// Judges the factors of an event that holds.
pub(crate) fn worth(event: &Event, metadata: Option<&Metadata>, as_of: Timestamp) -> Worth {
    let mut lost = Vec::new();
    let Some(terms) = event.by.authenticates() else {
        return Worth { facts: Vec::new(), since: None, lost };
    };
    let mut counted = Vec::new();
    for (position, stated) in event.factors.iter().enumerate() {
        let kind = kind_of(&stated.kind).filter(|_| {
            stated.result == "pass"
                && terms.factors.contains(&stated.kind)
                && stated.time <= event.issued.seconds()
        });
        match kind {
            Some(kind) => {
                let by_scheme = stated
                    .certification
                    .as_ref()
                    .is_some_and(|by| terms.schemes.contains(&by.scheme));
                let certified = by_fido(stated, metadata, as_of)
                    .or_else(|| by_scheme.then_some(Certification::Scheme));
                counted.push(Counted { kind, stated, certified });
            }
            None => lost.push((Code::FactorNotAccepted, Some(position))),
        }
    }
    let (mut facts, used) = best(&counted, metadata, &mut lost);
    cap(&mut facts, terms.max_aal, &mut lost);
    let since = used.into_iter().min().and_then(|time| Timestamp::from_seconds(time).ok());
    Worth { facts, since, lost }
}

/// The best that the factors give, and the times of those that were used for it.
fn best(
    counted: &[Counted<'_>],
    metadata: Option<&Metadata>,
    lost: &mut Vec<(Code, Option<usize>)>,
) -> (Vec<FactKind>, Vec<i64>) {
    let plain = [FactKind::AuthenticatorBound, FactKind::AuthenticatorStatusClean];
    let mut out: Vec<(Vec<FactKind>, Vec<i64>)> = Vec::new();
    for one in counted {
        let mut facts = plain.to_vec();
        match one.kind {
            Kind::Nothing => continue,
            Kind::Knowledge | Kind::Possession | Kind::Alone => {}
            Kind::Both => facts.push(FactKind::UvAttested),
            Kind::BothInDevice => {
                facts.extend([FactKind::UvAttested, FactKind::Intent]);
                facts.extend(in_hardware(one, metadata));
            }
        }
        if matches!(one.kind, Kind::Both | Kind::BothInDevice) {
            facts.extend(one.certified.map(FactKind::KeyCertified));
        }
        out.push((facts, vec![one.stated.time]));
    }
    let of = |kind| counted.iter().filter(move |one| one.kind == kind);
    let mut paired = false;
    for known in of(Kind::Knowledge) {
        for owned in of(Kind::Possession) {
            if known.stated.time.abs_diff(owned.stated.time) <= APART.unsigned_abs() {
                paired = true;
                let mut facts = plain.to_vec();
                facts.push(FactKind::UvAttested);
                facts.extend(owned.certified.map(FactKind::KeyCertified));
                out.push((facts, vec![known.stated.time, owned.stated.time]));
            }
        }
    }
    let two_in_one = counted.iter().any(|one| matches!(one.kind, Kind::Both | Kind::BothInDevice));
    let people = counted.iter().filter(|one| one.kind != Kind::Nothing).count();
    if people > 1 && !paired && !two_in_one {
        lost.push((Code::FactorsNotDistinct, None));
    }
    // What is certified is a higher level, then more facts are; of equals the newest.
    let certified = |kind: &FactKind| matches!(kind, FactKind::KeyCertified(_));
    out.into_iter()
        .max_by_key(|(facts, times)| {
            (facts.iter().any(certified), facts.len(), times.iter().min().copied())
        })
        .unwrap_or_default()
}

/// A key that lies in a device for certain: a card of a scheme, or a model whose metadata says so.
fn in_hardware(one: &Counted<'_>, metadata: Option<&Metadata>) -> Vec<FactKind> {
    let model = one.stated.model.as_deref().and_then(Aaguid::parse);
    let is_card = one.stated.kind == "ic_card" && one.certified.is_some();
    let is_model = matches!(one.certified, Some(Certification::Fido(_)))
        && metadata.zip(model).is_some_and(|(metadata, model)| metadata.is_hardware(&model));
    if is_card {
        vec![FactKind::KeyHardware, FactKind::KeyNonexportable]
    } else if is_model {
        // Whether a passkey may leave its device, the operator does not say.
        vec![FactKind::KeyHardware]
    } else {
        Vec::new()
    }
}

/// A model that this verifier's own metadata certifies.
fn by_fido(
    stated: &Factor,
    metadata: Option<&Metadata>,
    as_of: Timestamp,
) -> Option<Certification> {
    let model = stated.model.as_deref().filter(|_| stated.kind == "webauthn")?;
    let metadata = metadata.filter(|metadata| metadata.is_current(as_of))?;
    match metadata.standing(&Aaguid::parse(model)?, None, as_of)? {
        ModelStanding::Certified(level) => Some(Certification::Fido(level)),
        ModelStanding::NotCertified | ModelStanding::Bad => None,
    }
}

/// Takes away what is above the operator's own limit.
fn cap(facts: &mut Vec<FactKind>, most: AuthLevel, lost: &mut Vec<(Code, Option<usize>)>) {
    let before = facts.len();
    let third = |kind: &FactKind| {
        matches!(kind, FactKind::KeyHardware | FactKind::KeyNonexportable | FactKind::Intent)
    };
    let second = |kind: &FactKind| {
        matches!(kind, FactKind::UvAttested | FactKind::KeyCertified(_)) || third(kind)
    };
    match most {
        AuthLevel::Aal3 => {}
        AuthLevel::Aal2 => facts.retain(|kind| !third(kind)),
        AuthLevel::Aal1Plus | AuthLevel::Aal1 => facts.retain(|kind| !second(kind)),
        AuthLevel::Aal0 => facts.clear(),
    }
    if facts.len() < before {
        lost.push((Code::OperatorLevelNotAuthorised, None));
    }
}

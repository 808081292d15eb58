//! The rows of the reference table as alternatives of needs (assurance §8).
//!
//! In scope: which facts of *one* item, beside who acted and in which stages, make a row. Out of scope: whether the
//! proofer may state the row, and how old it is (`ial`).

use std::collections::BTreeMap;

use inkan_evidence::model::Agent;
use inkan_evidence::{Basis, FactKind, Row};

use crate::catalogue::Class;
use crate::document::Judged;

/// One thing that a row needs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Need {
    /// A checked fact of the item.
    Fact(FactKind),
    /// The class of the identifier.
    Class(Class),
    /// A document with a portrait.
    Portrait,
    /// Somebody at least so qualified acted for the proofer.
    Agent(Agent),
    /// The proofer is a root of identity for this credential type.
    Anchor,
    /// A check in person passed before anything was handed over.
    HandOver,
}

impl Need {
    /// The name in reports and remedies.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fact(kind) => kind.as_str(),
            Self::Class(Class::SelfAsserted) => "class.self_asserted",
            Self::Class(Class::IssuerGuaranteed) => "class.issuer_guaranteed",
            Self::Class(Class::ElectronicallyVerifiable) => "class.electronically_verifiable",
            Self::Portrait => "document.portrait",
            Self::Agent(Agent::Official) => "agent.official",
            Self::Agent(_) => "agent.qualified",
            Self::Anchor => "proofer.root_identity_issuer",
            Self::HandOver => "stage.in_person_check",
        }
    }
}

use FactKind::{
    GenuineCrypto as CRYPTO, GenuineImage as IMAGE, GenuineImagePad as IMAGE_PAD,
    GenuineSeen as SEEN, OwnerCode as CODE, OwnerInPerson as IN_PERSON,
    OwnerRemoteLive as REMOTE_LIVE, OwnerSignKey as SIGN_KEY,
};

const IG: Need = Need::Class(Class::IssuerGuaranteed);
const EV: Need = Need::Class(Class::ElectronicallyVerifiable);
const OFFICIAL: Need = Need::Agent(Agent::Official);
const QUALIFIED: Need = Need::Agent(Agent::Qualified);

/// The ways to make a row: of each list everything is needed.
pub(crate) const fn alternatives(row: Row) -> &'static [&'static [Need]] {
    use Need::{Anchor, Fact, HandOver, Portrait};
    match row {
        Row::R1 => &[
            &[IG, Fact(SEEN), Fact(IN_PERSON), OFFICIAL, Anchor],
            &[IG, Fact(CRYPTO), Fact(IN_PERSON), OFFICIAL, Anchor],
        ],
        Row::R2a => &[&[EV, Fact(CRYPTO), Fact(IN_PERSON)]],
        Row::R2b => &[&[EV, Fact(SIGN_KEY)]],
        Row::R3 => &[
            &[Fact(SEEN), Fact(IN_PERSON), QUALIFIED],
            &[Fact(CRYPTO), Fact(IN_PERSON), QUALIFIED],
        ],
        Row::R4 => &[&[Fact(IMAGE_PAD), Fact(REMOTE_LIVE)], &[Fact(CRYPTO), Fact(REMOTE_LIVE)]],
        Row::R5 => &[
            &[IG, Fact(SEEN), HandOver],
            &[IG, Fact(IMAGE), HandOver],
            &[IG, Fact(IMAGE_PAD), HandOver],
            &[IG, Fact(CRYPTO), HandOver],
        ],
        Row::R6 => &[&[EV, Fact(CRYPTO)]],
        Row::R7 => &[
            &[IG, Portrait, Fact(SEEN)],
            &[IG, Portrait, Fact(IMAGE)],
            &[IG, Portrait, Fact(IMAGE_PAD)],
            &[IG, Portrait, Fact(CRYPTO)],
        ],
        Row::R8 => &[&[Need::Class(Class::SelfAsserted), Fact(CODE)]],
    }
}

/// Whether a row can rest on an identifier of a class.
pub(crate) fn admits(row: Row, class: Class) -> bool {
    alternatives(row).iter().any(|needs| {
        let mut classes = needs.iter().filter_map(|need| match need {
            Need::Class(class) => Some(*class),
            Need::Fact(_) | Need::Portrait | Need::Agent(_) | Need::Anchor | Need::HandOver => None,
        });
        classes.next().map_or(class != Class::SelfAsserted, |needed| needed == class)
    })
}

/// Who acted, and what followed: what a row needs beside the item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub(crate) agent: Agent,
    pub(crate) anchor: bool,
    pub(crate) handed_over: bool,
}

/// The basis on which a row holds: the lowest of the facts of its best alternative. `None` if it does not hold.
pub(crate) fn basis_of(row: Row, judged: &Judged<'_>, around: Circumstances) -> Option<Basis> {
    alternatives(row)
        .iter()
        .filter(|needs| needs.iter().all(|need| is_met(*need, judged, around)))
        .filter_map(|needs| lowest(needs, &judged.facts))
        .max()
}

/// What the alternative that comes closest to a row still lacks; empty if the row holds.
pub(crate) fn missing(row: Row, judged: &Judged<'_>, around: Circumstances) -> Vec<Need> {
    let lacks = |needs: &&[Need]| -> Vec<Need> {
        needs.iter().copied().filter(|need| !is_met(*need, judged, around)).collect()
    };
    alternatives(row)
        .iter()
        .map(lacks)
        .min_by_key(|lacking| (lacking.len(), lacking.clone()))
        .unwrap_or_default()
}

/// The names of what the shortest way to a row needs, with nothing at hand.
pub(crate) fn shortest(row: Row) -> Vec<&'static str> {
    let shortest = alternatives(row).iter().min_by_key(|needs| (needs.len(), needs.to_vec()));
    shortest.map(|needs| needs.iter().map(|need| need.as_str()).collect()).unwrap_or_default()
}

fn is_met(need: Need, judged: &Judged<'_>, around: Circumstances) -> bool {
    match need {
        Need::Fact(kind) => judged.facts.contains_key(&kind),
        Need::Class(class) => judged.classes.contains(&class),
        Need::Portrait => judged.document.has_portrait(),
        Need::Agent(least) => around.agent >= least,
        Need::Anchor => around.anchor,
        Need::HandOver => around.handed_over,
    }
}

fn lowest(needs: &[Need], facts: &BTreeMap<FactKind, Basis>) -> Option<Basis> {
    needs
        .iter()
        .filter_map(|need| match need {
            Need::Fact(kind) => facts.get(kind).copied(),
            Need::Class(_) | Need::Portrait | Need::Agent(_) | Need::Anchor | Need::HandOver => {
                None
            }
        })
        .min()
}

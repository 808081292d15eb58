//! The rows of the reference table as alternatives of needs (assurance §8).
//!
//! In scope: which facts of *one* item, beside who acted and in which stages, make a row. Out of scope: whether the
//! proofer may state the row, and how old it is (`ial`).

use inkan_evidence::model::Agent;
use inkan_evidence::{Basis, FactKind, Row};

use crate::catalogue::Class;

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

/// What of one item rows are made from, without the item.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Facts that are left of it, each once.
    pub(crate) facts: Vec<(FactKind, Basis)>,
    pub(crate) classes: Classes,
    /// Whether its document has a portrait.
    pub(crate) portrait: bool,
    pub(crate) around: Circumstances,
}

/// Classes of an identifier: as it was seen, and by its chip where that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Classes {
    pub(crate) seen: Option<Class>,
    pub(crate) by_chip: Option<Class>,
}

impl Classes {
    pub(crate) fn iter(self) -> impl Iterator<Item = Class> {
        self.seen.into_iter().chain(self.by_chip)
    }

    pub(crate) fn contains(self, class: Class) -> bool {
        self.iter().any(|known| known == class)
    }
}

impl Shape {
    /// The basis of a fact, if it is left.
    pub(crate) fn basis(&self, kind: FactKind) -> Option<Basis> {
        self.facts.iter().find(|(known, _)| *known == kind).map(|(_, basis)| *basis)
    }

    pub(crate) fn has(&self, kind: FactKind) -> bool {
        self.basis(kind).is_some()
    }

    fn meets(&self, need: Need) -> bool {
        match need {
            Need::Fact(kind) => self.has(kind),
            Need::Class(class) => self.classes.contains(class),
            Need::Portrait => self.portrait,
            Need::Agent(least) => self.around.agent >= least,
            Need::Anchor => self.around.anchor,
            Need::HandOver => self.around.handed_over,
        }
    }

    /// The basis on which a row holds: the lowest of the facts of its best alternative. `None` if it does not hold.
    pub(crate) fn basis_of(&self, row: Row) -> Option<Basis> {
        alternatives(row)
            .iter()
            .filter(|needs| needs.iter().all(|need| self.meets(*need)))
            .filter_map(|needs| self.lowest(needs))
            .max()
    }

    /// What the alternative that comes closest to a row still lacks; empty if the row holds.
    pub(crate) fn missing(&self, row: Row) -> Vec<Need> {
        let lacks =
            |needs: &'static [Need]| needs.iter().copied().filter(|need| !self.meets(*need));
        let fewest = alternatives(row).iter().map(|needs| lacks(needs).count()).min();
        let closest = alternatives(row).iter().filter(|needs| Some(lacks(needs).count()) == fewest);
        closest.map(|needs| lacks(needs).collect::<Vec<_>>()).min().unwrap_or_default()
    }

    fn lowest(&self, needs: &[Need]) -> Option<Basis> {
        let of = |need: &Need| match need {
            Need::Fact(kind) => self.basis(*kind),
            Need::Class(_) | Need::Portrait | Need::Agent(_) | Need::Anchor | Need::HandOver => {
                None
            }
        };
        needs.iter().filter_map(of).min()
    }
}

/// The names of what the shortest way to a row needs, with nothing at hand.
pub(crate) fn shortest(row: Row) -> Vec<&'static str> {
    let shortest = alternatives(row).iter().min_by_key(|needs| (needs.len(), needs.to_vec()));
    shortest.map(|needs| needs.iter().map(|need| need.as_str()).collect()).unwrap_or_default()
}

//! Levels of other frameworks, computed from facts and rows, never from a level's name (assurance §12).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use inkan_evidence::{AuthLevel, FactKind, Row};
use serde::Deserialize;

use crate::catalogue::Strength;
use crate::ial::Held;
use crate::level::{Framework, Ial, IdentityLevel};

const MAPPINGS: &str = include_str!("../data/mappings.json");

/// The file, read once: a test shows that it can be read.
static READ: LazyLock<BTreeMap<String, Mapping>> =
    LazyLock::new(|| serde_json::from_str(MAPPINGS).unwrap_or_default());

/// Ranks of the rows on the indicative eIDAS scale, in the order of [`Row::ALL`].
static EIDAS: LazyLock<[usize; 9]> = LazyLock::new(|| {
    let scale = Framework::Eidas20151502;
    let levels = READ.get(scale.as_str()).map(|mapping| &mapping.levels);
    Row::ALL.map(|row| {
        let name = levels.and_then(|levels| levels.get(row.as_str()));
        name.and_then(|name| scale.parse_identity(name)).map_or(0, IdentityLevel::rank)
    })
});

/// How far a framework's mapping may be relied on, by framework id; those without levels are listed too.
#[must_use]
pub fn mapping_status() -> BTreeMap<String, String> {
    READ.iter().map(|(id, mapping)| (id.clone(), mapping.status.clone())).collect()
}

/// The vector of trust (RFC 8485) that a row and an authentication come to: for others to read, and read by nothing here.
///
/// The table is the specification's, from secondary sources: `status` says so. `None` where it has no component.
#[must_use]
pub(crate) fn vector_of_trust(
    row: Option<Row>,
    aal: AuthLevel,
    by_account: bool,
) -> Option<String> {
    let levels = &READ.get("vot-rfc8485")?.levels;
    let proofed = row.and_then(|row| levels.get(row.as_str()));
    let key = if by_account && aal == AuthLevel::Aal1 { "account" } else { aal.as_str() };
    let parts: Vec<&str> = proofed.into_iter().chain(levels.get(key)).map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    status: String,
    #[serde(default, rename = "levels")]
    levels: BTreeMap<String, String>,
}

/// The level of one credential on the scale of SP 800-63A-4 or of the eIDAS regulation, from rows that hold.
pub(crate) fn level<'h, 'a: 'h>(
    framework: Framework,
    held: impl Iterator<Item = &'h Held<'a>>,
) -> IdentityLevel {
    match framework {
        Framework::JpSwg2022 => {
            let best = held.map(Held::level_when_new).max();
            IdentityLevel::jp(best.unwrap_or(Ial::Ial0))
        }
        Framework::Nist800634 => framework.identity(nist(held)),
        Framework::Eidas20151502 => framework.identity(eidas(held)),
    }
}

/// SP 800-63A-4. An item counts if it is genuine, has an owner, and its attributes are validated.
fn nist<'h, 'a: 'h>(held: impl Iterator<Item = &'h Held<'a>>) -> usize {
    let mut items: BTreeMap<(&str, &str), Strength> = BTreeMap::new();
    for held in held {
        // Derived evidence that fails its own rule is void here; rows without an owner give no item.
        if held.cap() <= Ial::Ial1 || matches!(held.row, Row::R5 | Row::R6 | Row::R7 | Row::R8) {
            continue;
        }
        let by_chip = held.judged.has(FactKind::GenuineCrypto);
        let validated = by_chip || held.judged.has(FactKind::AttributesValidated);
        let Some(strength) = held.judged.document.strength(by_chip).filter(|_| validated) else {
            continue;
        };
        // Documents of one issuer are one document.
        let country = held.judged.item.issuer().and_then(|issuer| issuer.country.as_deref());
        let issuer = (held.judged.document.issued_by(), country.unwrap_or_default());
        let known = items.entry(issuer).or_insert(strength);
        *known = strength.max(*known);
    }
    let at_least = |least| items.values().filter(|strength| **strength >= least).count();
    // IAL3 needs a biometric sample that is kept, which no fact shows.
    if at_least(Strength::Superior) >= 1
        || at_least(Strength::Strong) >= 2
        || at_least(Strength::Strong) >= 1 && items.len() >= 2
    {
        2
    } else {
        usize::from(!items.is_empty())
    }
}

/// Regulation (EU) 2015/1502, indicative: the lower value of the table's cell.
fn eidas<'h, 'a: 'h>(held: impl Iterator<Item = &'h Held<'a>>) -> usize {
    let sound = held.filter(|held| held.cap() > Ial::Ial1);
    sound.map(|held| of_row(held.row)).max().unwrap_or(0)
}

/// The rank that one row has on the indicative eIDAS scale.
pub(crate) fn of_row(row: Row) -> usize {
    Row::ALL.into_iter().zip(*EIDAS).find(|(known, _)| *known == row).map_or(0, |(_, rank)| rank)
}

#[cfg(test)]
mod tests;

//! Name constraints along a path ([RFC 5280 §4.2.1.10](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10)), on directory names alone: a
//! constraint on another form of names is not met, whatever the names.

use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{NameConstraints, SubjectAltName};
use x509_cert::name::{Name, RelativeDistinguishedName};

use super::chain::{Link, Way};

/// Whether every authority on a path, the root included, may certify the names below it.
pub(super) fn permit(way: &Way) -> bool {
    let links = &way.0;
    links.iter().enumerate().skip(1).all(|(place, authority)| {
        let Some(constraints) = authority.read::<NameConstraints>() else { return false };
        let Some(constraints) = constraints else { return true };
        let (permitted, excluded) = (
            constraints.permitted_subtrees.unwrap_or_default(),
            constraints.excluded_subtrees.unwrap_or_default(),
        );
        let (Some(permitted), Some(excluded)) = (bases(&permitted), bases(&excluded)) else {
            return false;
        };
        let below = links.iter().take(place).enumerate();
        // Certificates that an authority issues to itself are passed over, unless one is the last (§6.1.3 (b), (c)).
        let mut judged = below.filter(|(nth, link)| *nth == 0 || !link.is_self_issued());
        judged.all(|(_, link)| {
            names_of(link).is_some_and(|names| {
                names.iter().all(|name| {
                    (permitted.is_empty() || permitted.iter().any(|base| is_within(name, base)))
                        && !excluded.iter().any(|base| may_be_within(name, base))
                })
            })
        })
    })
}

/// The directory names that a certificate is for; `None` if they cannot be read.
fn names_of(link: &Link) -> Option<Vec<Name>> {
    let mut names = vec![link.parsed.tbs_certificate().subject().clone()];
    let others = link.read::<SubjectAltName>()?.map(|others| others.0).unwrap_or_default();
    names.extend(others.into_iter().filter_map(|other| {
        if let GeneralName::DirectoryName(name) = other { Some(name) } else { None }
    }));
    Some(names)
}

/// The directory names of subtrees; `None` if one is of another form, or cut off at a distance, which RFC 5280 forbids.
fn bases(subtrees: &[GeneralSubtree]) -> Option<Vec<&Name>> {
    let each = subtrees.iter().map(|subtree| {
        let whole = subtree.minimum == 0 && subtree.maximum.is_none();
        let GeneralName::DirectoryName(name) = &subtree.base else { return None };
        whole.then_some(name)
    });
    each.collect()
}

/// Letter by letter: what is permitted is permitted as it is written.
fn is_within(name: &Name, base: &Name) -> bool {
    name.iter_rdn().count() >= base.iter_rdn().count()
        && name.iter_rdn().zip(base.iter_rdn()).all(|(one, other)| one == other)
}

/// Whether a reader who does not mind case, spaces or kinds of strings would take the name for one within the base: what is excluded is
/// excluded however it is written.
fn may_be_within(name: &Name, base: &Name) -> bool {
    name.iter_rdn().count() >= base.iter_rdn().count()
        && name.iter_rdn().zip(base.iter_rdn()).all(|(one, other)| folded(one) == folded(other))
}

fn folded(part: &RelativeDistinguishedName) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = part
        .iter()
        .map(|one| {
            let text = String::from_utf8_lossy(one.value.value()).to_lowercase();
            let text: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            (one.oid.to_string(), text)
        })
        .collect();
    out.sort();
    out
}

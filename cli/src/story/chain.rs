//! The trust chain of a story: from what is trusted over issuer and credential to who holds it.
//!
//! Every line is one of the verdict's checks; an edge is broken if one of its lines is, and not judged if what it would rest on
//! was not asked for.

use inkan_core::json::text;
use serde_json::Value;

use super::{Chain, Checked, Edge, Standing};
use crate::render::Mark;
use crate::render::report::{short_did, told};

/// Checks that lead from the issuer to the credential, in their order.
const ISSUER: [&str; 9] = [
    "signature",
    "key-in-force",
    "on-ledger",
    "time",
    "did-active",
    "validity",
    "status",
    "schema",
    "related-resource",
];

/// What the chain is made from.
pub(super) struct Parts<'a> {
    /// The verdict (`inkan-report/1`).
    pub(super) report: &'a Value,
    /// The credential's place in the artefact: `cred[0]`.
    pub(super) subject: &'a str,
    /// The issuer.
    pub(super) issuer: &'a str,
    /// What the credential is called.
    pub(super) credential: String,
    /// Whom it is about.
    pub(super) holder: Option<&'a str>,
}

/// Draws up the chain.
pub(super) fn chain(parts: &Parts<'_>) -> Chain {
    let all: Vec<&Value> = checks(parts.report).collect();
    let named = |name: &str| -> Vec<Checked> {
        let ours = |check: &&&Value| {
            let subject = text(check, "subject");
            text(check, "check") == Some(name)
                && subject.is_none_or(|subject| subject == parts.subject)
        };
        all.iter().filter(ours).map(|check| checked(check, parts.report)).collect()
    };
    let mut trusted = named("issuer-trusted");
    if trusted.is_empty() {
        trusted.push(Checked {
            standing: Standing::NotJudged,
            label: "issuer trusted".to_owned(),
            found: "not judged by this policy".to_owned(),
        });
    }
    trusted.extend(named("issuer-log"));
    let said: Vec<Checked> = ISSUER.iter().flat_map(|name| named(name)).collect();
    let mut held: Vec<Checked> = named("countersignature");
    let presented: Vec<&&Value> = all
        .iter()
        .filter(|check| {
            text(check, "check") == Some("presentation") && text(check, "status") != Some("skipped")
        })
        .collect();
    held.extend(presented.iter().map(|check| checked(check, parts.report)));
    let shown = presented.iter().any(|check| text(check, "status") == Some("pass"))
        || super::acts::accepted_by_subject(&all);
    if !shown {
        held.push(Checked {
            standing: Standing::NotJudged,
            label: "holder".to_owned(),
            found: "nothing shows who has it".to_owned(),
        });
    }
    let holder = parts.holder.map_or_else(|| "whoever has it".to_owned(), short_did);
    Chain {
        nodes: vec![
            ("trust", "what this profile pinned".to_owned()),
            ("issuer", short_did(parts.issuer)),
            ("credential", parts.credential.clone()),
            ("holder", holder),
        ],
        edges: vec![edge(trusted), edge(said), edge(held)],
    }
}

/// All checks of a verdict, with their marks.
pub(super) fn all(report: &Value) -> Vec<Checked> {
    let levels = |check: &&Value| !matches!(text(check, "check"), Some("ial" | "aal"));
    checks(report).filter(levels).map(|check| checked(check, report)).collect()
}

fn checks(report: &Value) -> impl Iterator<Item = &Value> {
    report.get("checks").and_then(Value::as_array).into_iter().flatten()
}

fn checked(check: &Value, report: &Value) -> Checked {
    let (mark, label, found) = told(check, report);
    let standing = match mark {
        Mark::Pass => Standing::Held,
        Mark::Fail => Standing::Broken,
        Mark::Warn => Standing::Unknown,
        Mark::Skipped => Standing::NotJudged,
    };
    Checked { standing, label, found: with_short_dids(&found) }
}

/// A sentence with the DIDs in it shortened for reading.
pub(super) fn with_short_dids(text: &str) -> String {
    let shorter = |word: &str| match word.strip_suffix([',', ';', '.']) {
        Some(did) if did.starts_with("did:") => word.replace(did, &short_did(did)),
        None if word.starts_with("did:") => short_did(word),
        Some(_) | None => word.to_owned(),
    };
    text.split(' ').map(shorter).collect::<Vec<_>>().join(" ")
}

/// An edge is as good as the worst of what it rests on; what nobody judged leaves it open.
fn edge(lines: Vec<Checked>) -> Edge {
    let has = |wanted: Standing| lines.iter().any(|line| line.standing == wanted);
    // Skipped lines beside others that held say nothing; an edge of which the deciding line was not judged is open.
    let open = lines.iter().any(|line| {
        line.standing == Standing::NotJudged
            && matches!(line.label.as_str(), "issuer trusted" | "holder")
    });
    let standing = if has(Standing::Broken) {
        Standing::Broken
    } else if has(Standing::Unknown) {
        Standing::Unknown
    } else if open || !has(Standing::Held) {
        Standing::NotJudged
    } else {
        Standing::Held
    };
    Edge { standing, lines }
}

/// Takes back every mark of what was checked: where the issuer's signature does not hold, none stands.
pub(super) fn without_marks(chain: &mut Chain) {
    for edge in &mut chain.edges {
        lower(&mut edge.standing);
        edge.lines.iter_mut().for_each(|line| lower(&mut line.standing));
    }
}

/// The same of one mark.
pub(super) fn lower(standing: &mut Standing) {
    if *standing == Standing::Held {
        *standing = Standing::NotJudged;
    }
}

//! How far a file says that its credential has come: who has to countersign, and whose names stand there. Nothing is checked.

use std::collections::BTreeSet;

use inkan_core::encoding;
use inkan_core::json::{self, text};
use inkan_core::limits;
use inkan_credential::countersignature::{Decision, OFFER, Wanted};
use serde_json::Value;

/// A countersignature by its own words.
struct Said {
    role: String,
    decision: String,
    signer: String,
}

/// One line per demand, and the stage; nothing where nobody is asked and nobody has acted.
pub(super) fn lines(content: &Value, credential: &Value) -> Vec<(&'static str, String)> {
    let items = credential.get(OFFER).and_then(Value::as_array);
    let offer: Vec<Wanted> = items.into_iter().flatten().filter_map(Wanted::from_value).collect();
    let acts = said(content, credential);
    let mut out = Vec::new();
    if offer.is_empty() && acts.is_empty() {
        return out;
    }
    let found = |wanted: &Wanted| {
        let fits = |act: &&Said| {
            act.role == wanted.role.as_str() && act.decision == wanted.decision.as_str()
        };
        let signers: BTreeSet<&str> =
            acts.iter().filter(fits).map(|act| act.signer.as_str()).collect();
        u32::try_from(signers.len()).unwrap_or(u32::MAX)
    };
    for wanted in &offer {
        let until = wanted.before.map(|time| format!(", by {time}")).unwrap_or_default();
        let within = wanted.within.as_ref().map(|span| format!(", within {span}"));
        out.push((
            "needs",
            format!(
                "{} {} ({}){until}{}; {} in the file",
                wanted.at_least,
                wanted.role.as_str(),
                wanted.decision.as_str(),
                within.unwrap_or_default(),
                found(wanted),
            ),
        ));
    }
    let has = |decision: Decision| acts.iter().any(|act| act.decision == decision.as_str());
    let signed = offer.iter().filter(|wanted| wanted.decision == Decision::Accept);
    let complete = signed.clone().all(|wanted| found(wanted) >= wanted.at_least);
    let stage = if has(Decision::Refuse) || has(Decision::Withdraw) {
        "somebody has refused or withdrawn"
    } else if has(Decision::Seal) {
        "sealed"
    } else if acts.is_empty() {
        "offered"
    } else if complete {
        "countersigned"
    } else {
        "reviewed by some"
    };
    out.push(("has come to", format!("{stage}, by its own words: inkan countersigners checks it")));
    out
}

/// Countersignatures among the proofs, and those beside.
fn said(content: &Value, credential: &Value) -> Vec<Said> {
    let mut out = Vec::new();
    let proofs = match credential.get("proof") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for proof in proofs {
        let method = text(proof, "verificationMethod").unwrap_or_default();
        out.extend(proof.get("countersignature").and_then(|terms| read(terms, method)));
    }
    let beside = content.get("countersignatures").and_then(Value::as_array);
    for compact in beside.into_iter().flatten().filter_map(Value::as_str) {
        let payload = compact.split('.').nth(1).and_then(|part| encoding::decode_b64u(part).ok());
        let payload = payload.and_then(|bytes| json::parse(&bytes, limits::DOCUMENT).ok());
        out.extend(payload.as_ref().and_then(|terms| read(terms, text(terms, "iss")?)));
    }
    out
}

fn read(terms: &Value, method: &str) -> Option<Said> {
    Some(Said {
        role: text(terms, "role")?.to_owned(),
        decision: text(terms, "decision")?.to_owned(),
        signer: method.split('#').next().unwrap_or_default().to_owned(),
    })
}

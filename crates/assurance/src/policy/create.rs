//! A new policy from a few words, as `inkan policy new` takes them.

use serde_json::{Value, json};

use super::{Policy, PolicyError, full_name};

/// What a new policy asks for; what is left out is not asked for.
#[derive(Clone, Debug, Default)]
pub struct NewPolicy {
    /// Its id: lower-case letters, digits, full stops and hyphens.
    pub id: String,
    /// Credential types, one of which is needed.
    pub types: Vec<String>,
    /// Identity level, such as `2` or `IAL-2`.
    pub min_ial: Option<String>,
    /// Authentication level, such as `1` or `AAL-1`.
    pub min_aal: Option<String>,
    /// Roles that must have countersigned; `holder` means the subject of the credential.
    pub countersigned: Vec<String>,
    /// Least grade of time: `operator`, `witnessed:2`, `tsa` or `chain`. Receipts are then required.
    pub time: Option<String>,
}

/// Writes the policy that `wanted` describes, on the scale of the reference table.
///
/// # Errors
///
/// [`PolicyError`] if it would be refused when it is loaded.
pub fn new_policy(wanted: &NewPolicy) -> Result<Value, PolicyError> {
    let mut policy = json!({
        "type": "inkan-policy/1",
        "id": wanted.id,
        "version": "1",
        "issuers": "listed",
        "credentialTypes": "any",
        "ledger": {
            "required": wanted.time.is_some(),
            "time": grade(wanted.time.as_deref().unwrap_or("witnessed:2")),
            "quorum": "pinned",
        },
        "status": {"required": false},
        "countersigned": wanted.countersigned.iter().map(|role| item(role)).collect::<Vec<_>>(),
    });
    let mut leaves = Vec::new();
    if let Some(level) = &wanted.min_ial {
        let min = full_name("jp-swg-2022", "IAL", level);
        leaves.push(json!({"ial": {"min": min, "holderBinding": true}}));
    }
    if let Some(level) = &wanted.min_aal {
        leaves.push(json!({"aal": {"min": full_name("jp-swg-2022", "AAL", level)}}));
    }
    if let Some(members) = policy.as_object_mut() {
        if !wanted.types.is_empty() {
            members.insert("credentialTypes".to_owned(), wanted.types.clone().into());
        }
        let requires = match leaves.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            _ => Some(json!({"allOf": leaves})),
        };
        if let Some(requires) = requires {
            let assurance = json!({
                "framework": "jp-swg-2022",
                "requires": requires,
                "onFail": {"stepUp": ["openid4vp", "issuer"], "explain": true},
            });
            members.insert("assurance".to_owned(), assurance);
        }
    }
    Policy::from_value(&policy)?;
    Ok(policy)
}

fn item(role: &str) -> Value {
    if role == "holder" {
        json!({"role": "holder", "by": "subject"})
    } else {
        json!({"role": role})
    }
}

/// `witnessed:2` as the member `time` has it; anything unknown is left to be refused.
fn grade(text: &str) -> Value {
    match text.split_once(':') {
        Some((grade, count)) => match count.parse::<u32>() {
            Ok(count) => json!({"grade": grade, "atLeast": count}),
            Err(_) => json!({"grade": grade, "atLeast": count}),
        },
        None if text == "witnessed" => json!({"grade": text, "atLeast": 2}),
        None => json!({"grade": text}),
    }
}

//! What a log's own witnesses are called by everybody but the log's operator (§1 and §5.1 of the ledger specification).
//!
//! In scope: giving them names of the operator `self`, which no grade of time counts. Out of scope: whose policy it is, which the
//! caller knows; what a grade is (`receipt`).

use std::collections::BTreeMap;

use super::{LogPolicy, PolicyError, SELF};

/// A policy as others than the log's operator should hold it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForOthers {
    /// The policy file. Lines that name no such witness are as they were.
    pub text: String,
    /// The witnesses that were counted as operators and are not any more: the name before, and the name now.
    pub renamed: BTreeMap<String, String>,
}

/// Renames the witnesses that run in the process of a log of this policy (their keys are called `<origin>/…`): `w1` becomes `self/w1`.
///
/// The quorum asks for the same keys as before; only whom the grade counts is another. What was renamed before stays as it is.
///
/// # Errors
///
/// [`PolicyError`] if `text` is no policy, or has no room for longer names.
pub fn policy_for_others(text: &str) -> Result<ForOthers, PolicyError> {
    let policy = LogPolicy::parse(text)?;
    let mut taken: Vec<String> = names_in(text);
    let mut renamed = BTreeMap::new();
    for witness in policy.witnesses() {
        let of_log = policy.logs().iter().any(|log| witness.is_of_log(log.name()));
        if !of_log || witness.operator().is_none() {
            continue;
        }
        let mut name = format!("{SELF}/{}", witness.name());
        while taken.contains(&name) {
            name.push_str("/w");
        }
        taken.push(name.clone());
        renamed.insert(witness.name().to_owned(), name);
    }
    let lines: Vec<String> = text.split('\n').map(|line| renamed_line(line, &renamed)).collect();
    let text = lines.join("\n");
    LogPolicy::parse(&text)?;
    Ok(ForOthers { text, renamed })
}

fn words(line: &str) -> Vec<&str> {
    line.split([' ', '\t']).filter(|word| !word.is_empty()).collect()
}

/// Names of witnesses and groups.
fn names_in(text: &str) -> Vec<String> {
    let name = |line: &str| match *words(line).as_slice() {
        ["witness" | "group", name, ..] => Some(name.to_owned()),
        _ => None,
    };
    text.split('\n').filter_map(name).collect()
}

fn renamed_line(line: &str, renamed: &BTreeMap<String, String>) -> String {
    let words = words(line);
    // Where names of witnesses stand; a name is never that of a group, too.
    let places = match words.first() {
        Some(&"witness" | &"quorum") => 1..2,
        Some(&"group") => 3..words.len(),
        _ => 0..0,
    };
    let new = |(place, word): (usize, &&str)| {
        renamed.get(*word).filter(|_| places.contains(&place)).map(String::as_str)
    };
    if words.iter().enumerate().all(|word| new(word).is_none()) {
        return line.to_owned();
    }
    let words: Vec<&str> =
        words.iter().enumerate().map(|(place, word)| new((place, word)).unwrap_or(word)).collect();
    words.join(" ")
}

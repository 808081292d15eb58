//! Which logs and witnesses count, and how many of them are enough: [C2SP tlog-policy](https://c2sp.org/tlog-policy).
//!
//! In scope: reading a policy file, its quorum rule, the operators behind witness names (§5.1 of the ledger
//! specification). Out of scope: checking signatures (`receipt`), where policy files lie.

mod others;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::checkpoint::is_origin;
use crate::note::{KeyMaterial, SignedNote, VerifierKey};
use crate::receipt::TimestampChecker;

pub use others::{ForOthers, policy_for_others};

/// The largest policy file in bytes.
pub const POLICY_LIMIT: usize = 65_536;
/// The most logs, witnesses and groups, each.
const COUNT_LIMIT: usize = 64;
/// The operator whose witnesses are the log's own and never count for a grade.
const SELF: &str = "self";

/// The logs and witnesses that a verifier trusts, and its quorum.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogPolicy {
    logs: Vec<VerifierKey>,
    witnesses: Vec<PolicyWitness>,
    quorum: Option<Rule>,
    tokens: Tokens,
}

/// What checks the tokens of timestamp authorities. It is a tool: policies that say the same are equal, whatever they hold.
#[derive(Clone, Debug, Default)]
struct Tokens(Option<Arc<dyn TimestampChecker>>);

impl PartialEq for Tokens {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Tokens {}

/// A witness under the name that the policy gives it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyWitness {
    name: String,
    key: VerifierKey,
}

/// What must have cosigned. Every name is used once, so rules form a tree.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Rule {
    Witness(usize),
    Group { threshold: usize, members: Vec<Self> },
}

/// Why a text is no policy. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// Over the size limit, or with a control character other than tab and LF.
    #[error("log policy is too large, or has control characters")]
    Characters,
    /// A line that has no meaning, or the wrong number of words.
    #[error("line {line} of the log policy has no meaning")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// A verifier key that is malformed, or of the wrong type for its line.
    #[error("line {line} of the log policy has an unusable key")]
    Key {
        /// Counted from 1.
        line: usize,
    },
    /// A name or key that is used twice, is not defined above, or is reserved.
    #[error("line {line} of the log policy repeats or does not know a name or key")]
    Name {
        /// Counted from 1.
        line: usize,
    },
    /// A threshold of 0, of more than the members, or not in plain decimal.
    #[error("line {line} of the log policy has an impossible threshold")]
    Threshold {
        /// Counted from 1.
        line: usize,
    },
    /// No quorum line, or two.
    #[error("log policy has not exactly one quorum line, such as: quorum none")]
    Quorum,
    /// More than 64 logs, witnesses or groups.
    #[error("log policy names too many logs, witnesses or groups")]
    TooMany,
}

impl PolicyError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Characters
            | Self::Line { .. }
            | Self::Key { .. }
            | Self::Name { .. }
            | Self::Threshold { .. }
            | Self::Quorum
            | Self::TooMany => "policy-invalid",
        }
    }
}

impl LogPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    ///
    /// [`PolicyError`], one variant per rule, with the line.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let control = |c: char| (c < ' ' && c != '\n' && c != '\t') || c == '\x7f';
        if text.len() > POLICY_LIMIT || text.contains(control) {
            return Err(PolicyError::Characters);
        }
        let mut reader = Reader::default();
        for (line, words) in (1..).zip(text.split('\n')) {
            let words: Vec<_> = words.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            if !words.first().is_none_or(|word| word.starts_with('#')) {
                reader.line(line, &words)?;
            }
        }
        let quorum = reader.quorum.ok_or(PolicyError::Quorum)?;
        let tokens = Tokens::default();
        Ok(Self { logs: reader.logs, witnesses: reader.witnesses, quorum, tokens })
    }

    /// The same policy, with what checks the tokens of the timestamp authorities that it names. Without, their lines are
    /// not checked and count for nothing (V6).
    #[must_use]
    pub fn checking_tokens(self, checker: Arc<dyn TimestampChecker>) -> Self {
        Self { tokens: Tokens(Some(checker)), ..self }
    }

    /// What checks tokens, if there is anything.
    #[must_use]
    pub fn token_checker(&self) -> Option<&dyn TimestampChecker> {
        self.tokens.0.as_deref()
    }

    /// Logs that are accepted.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// Witnesses that are known, whether the quorum needs them or not.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether a log of this origin is accepted.
    #[must_use]
    pub fn has_log(&self, origin: &str) -> bool {
        self.logs.iter().any(|log| log.name() == origin)
    }

    /// Whether cosignatures are asked for at all.
    #[must_use]
    pub const fn needs_cosignatures(&self) -> bool {
        self.quorum.is_some()
    }

    /// Whether these witnesses, by their place in [`Self::witnesses`], are enough.
    #[must_use]
    pub fn is_met_by(&self, cosigned: &BTreeSet<usize>) -> bool {
        self.quorum.as_ref().is_none_or(|rule| rule.is_met_by(cosigned))
    }

    /// Whether there are lines of enough witnesses under `note`. No signature is checked: for choosing among notes only.
    #[must_use]
    pub fn claims_quorum(&self, note: &SignedNote) -> bool {
        let signed = |(place, witness): (usize, &PolicyWitness)| {
            let mut lines = note.signatures().iter();
            lines.any(|line| witness.key().matches(line)).then_some(place)
        };
        self.is_met_by(&self.witnesses.iter().enumerate().filter_map(signed).collect())
    }

    /// The policy file that accepts one log and asks for all of these witnesses, or for no cosignature without any.
    #[must_use]
    pub fn text_of_all(log: &VerifierKey, witnesses: &[(String, VerifierKey)]) -> String {
        let mut out = format!("log {log}\n");
        for (name, key) in witnesses {
            out.push_str(&format!("witness {name} {key}\n"));
        }
        if witnesses.is_empty() {
            out.push_str("quorum none\n");
        } else {
            let names: Vec<_> = witnesses.iter().map(|(name, _)| name.as_str()).collect();
            out.push_str(&format!("group witnesses all {}\nquorum witnesses\n", names.join(" ")));
        }
        out
    }
}

/// A policy file that says the same: comments are gone, and groups have other names.
impl fmt::Display for LogPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for log in &self.logs {
            writeln!(f, "log {log}")?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}", witness.name, witness.key)?;
        }
        let Some(rule) = &self.quorum else { return f.write_str("quorum none\n") };
        let mut groups = Groups { policy: self, text: String::new(), count: 0 };
        let name = groups.name(rule);
        writeln!(f, "{}quorum {name}", groups.text)
    }
}

/// Group lines, members first.
struct Groups<'a> {
    policy: &'a LogPolicy,
    text: String,
    count: usize,
}

impl Groups<'_> {
    fn name(&mut self, rule: &Rule) -> String {
        match rule {
            Rule::Witness(place) => {
                self.policy.witnesses.get(*place).map(|one| one.name.clone()).unwrap_or_default()
            }
            Rule::Group { threshold, members } => {
                let members: Vec<_> = members.iter().map(|member| self.name(member)).collect();
                let taken = |name: &str| self.policy.witnesses.iter().any(|one| one.name == name);
                let name = loop {
                    self.count = self.count.saturating_add(1);
                    let name = format!("g{}", self.count);
                    if !taken(&name) {
                        break name;
                    }
                };
                let line = format!("group {name} {threshold} {}\n", members.join(" "));
                self.text.push_str(&line);
                name
            }
        }
    }
}

impl PolicyWitness {
    /// The name in the policy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key, with its name in signature lines.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Whether the log of this origin runs it itself, by the name of its key: those in the log's own process are called
    /// `<origin>/<name>`. A log that wants to hide that can: who asks for independence names operators it knows.
    #[must_use]
    pub fn is_of_log(&self, origin: &str) -> bool {
        is_named_under(&self.key, origin)
    }

    /// Who runs it: the name before any `/`. `None` if it is the log's own.
    #[must_use]
    pub fn operator(&self) -> Option<&str> {
        self.name.split('/').next().filter(|operator| *operator != SELF)
    }
}

/// Whether a key is called as those are which a log has for itself.
pub(crate) fn is_named_under(key: &VerifierKey, origin: &str) -> bool {
    key.name().strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'))
}

impl Rule {
    fn is_met_by(&self, cosigned: &BTreeSet<usize>) -> bool {
        match self {
            Self::Witness(place) => cosigned.contains(place),
            Self::Group { threshold, members } => {
                members.iter().filter(|member| member.is_met_by(cosigned)).count() >= *threshold
            }
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    logs: Vec<VerifierKey>,
    witnesses: Vec<PolicyWitness>,
    groups: usize,
    /// All names, and the rules not yet used in a group.
    names: BTreeMap<String, Option<Rule>>,
    quorum: Option<Option<Rule>>,
}

impl Reader {
    fn line(&mut self, line: usize, words: &[&str]) -> Result<(), PolicyError> {
        match *words {
            ["log", key] | ["log", key, _] => self.log(line, key)?,
            ["witness", name, key] | ["witness", name, key, _] => self.witness(line, name, key)?,
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.group(line, name, threshold, members)?;
            }
            ["quorum", name] => {
                if self.quorum.is_some() {
                    return Err(PolicyError::Quorum);
                }
                self.quorum = Some(match name {
                    "none" => None,
                    _ => Some(
                        self.names
                            .get(name)
                            .cloned()
                            .flatten()
                            .ok_or(PolicyError::Name { line })?,
                    ),
                });
            }
            _ => return Err(PolicyError::Line { line }),
        }
        let most = self.logs.len().max(self.witnesses.len()).max(self.groups);
        if most > COUNT_LIMIT { Err(PolicyError::TooMany) } else { Ok(()) }
    }

    fn log(&mut self, line: usize, key: &str) -> Result<(), PolicyError> {
        let key = VerifierKey::parse(key).map_err(|_| PolicyError::Key { line })?;
        if !matches!(key.material(), KeyMaterial::Note(_)) || !is_origin(key.name()) {
            return Err(PolicyError::Key { line });
        }
        if self.logs.iter().any(|log| collide(log, &key)) {
            return Err(PolicyError::Name { line });
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, line: usize, name: &str, key: &str) -> Result<(), PolicyError> {
        let key = VerifierKey::parse(key).map_err(|_| PolicyError::Key { line })?;
        if matches!(key.material(), KeyMaterial::Note(_)) {
            return Err(PolicyError::Key { line });
        }
        if self.witnesses.iter().any(|witness| collide(&witness.key, &key)) {
            return Err(PolicyError::Name { line });
        }
        self.define(line, name, Rule::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { name: name.to_owned(), key });
        Ok(())
    }

    fn group(
        &mut self,
        line: usize,
        name: &str,
        threshold: &str,
        members: &[&str],
    ) -> Result<(), PolicyError> {
        let count = members.len();
        let threshold = match threshold {
            "all" => Some(count),
            "any" => Some(1),
            number => crate::note::parse_decimal(number)
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=count).contains(number)),
        };
        let threshold = threshold.ok_or(PolicyError::Threshold { line })?;
        let members = members
            .iter()
            // Taking the rule out makes a second use of the name an error.
            .map(|member| self.names.get_mut(*member).and_then(Option::take))
            .collect::<Option<Vec<_>>>()
            .ok_or(PolicyError::Name { line })?;
        self.groups = self.groups.saturating_add(1);
        self.define(line, name, Rule::Group { threshold, members })
    }

    fn define(&mut self, line: usize, name: &str, rule: Rule) -> Result<(), PolicyError> {
        if name == "none" || self.names.contains_key(name) {
            return Err(PolicyError::Name { line });
        }
        self.names.insert(name.to_owned(), Some(rule));
        Ok(())
    }
}

/// Whether two keys are one, or cannot be told apart in a note.
fn collide(one: &VerifierKey, other: &VerifierKey) -> bool {
    one.material() == other.material() || (one.name() == other.name() && one.id() == other.id())
}

#[cfg(test)]
mod tests;

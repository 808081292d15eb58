//! Who vouches for a time (§5.3 of the ledger specification): what may be asked for, and all that holds.
//!
//! In scope: the grades and their names. Out of scope: finding the times (`verify`), what a policy asks for.

use std::collections::BTreeSet;
use std::fmt;

/// One grade of time: what a policy asks for, or one of those that hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Grade {
    /// The operator's word is enough.
    Operator,
    /// Stamps of this many operators of witnesses or timestamp authorities, none of them the log's; at least 1.
    Witnessed(usize),
    /// A timestamp authority that is not the log's own.
    Tsa,
    /// A final transaction on a public chain. Nothing that is verified here shows it.
    Chain,
}

/// `operator`, `witnessed 2`, `tsa`, `chain`, as in reports.
impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Witnessed(operators) => write!(f, "witnessed {operators}"),
            Self::Tsa => f.write_str("tsa"),
            Self::Chain => f.write_str("chain"),
        }
    }
}

/// Everything that holds of a time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Grades {
    pub(super) operators: BTreeSet<String>,
    pub(super) tsa: bool,
}

impl Grades {
    /// Those that hold, as in reports: `operator`, or `witnessed k` and perhaps `tsa`.
    #[must_use]
    pub fn list(&self) -> Vec<Grade> {
        match self.operators.len() {
            0 => vec![Grade::Operator],
            operators => {
                let tsa = self.tsa.then_some(Grade::Tsa);
                [Grade::Witnessed(operators)].into_iter().chain(tsa).collect()
            }
        }
    }

    /// Whether what was asked for holds.
    #[must_use]
    pub fn holds(&self, asked: Grade) -> bool {
        match asked {
            Grade::Operator => true,
            Grade::Witnessed(operators) => self.operators.len() >= operators,
            Grade::Tsa => self.tsa,
            Grade::Chain => false,
        }
    }

    /// The same, with timestamp authorities beside it. Where one is behind it already, these may be the same under other names, and
    /// do not count again.
    #[must_use]
    pub fn and_authorities(self, others: &BTreeSet<String>) -> Self {
        let counted = self.tsa;
        let mut both = Self { tsa: counted || !others.is_empty(), ..self };
        if !counted {
            both.operators.extend(others.iter().cloned());
        }
        both
    }

    /// The operators whose stamps are behind it, without the log's own.
    #[must_use]
    pub const fn operators(&self) -> &BTreeSet<String> {
        &self.operators
    }
}

/// `witnessed 2, tsa`.
impl fmt::Display for Grades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, grade) in self.list().iter().enumerate() {
            write!(f, "{}{grade}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

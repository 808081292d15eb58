//! Levels and the scales they stand on: never converted by name (assurance §1, §8, §12).

use std::fmt;

use inkan_evidence::{AuthLevel, Row};

/// The level of an identity proofing on the reference table's scale (assurance §8).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Ial {
    /// Nothing confirmed.
    Ial0,
    /// Self-asserted, confirmed by a code.
    Ial1,
    /// A document was genuine.
    Ial2,
    /// Disputed: between the two.
    Ial2Plus,
    /// A document was genuine and the person its owner.
    Ial3,
    /// Disputed: the root of identity itself.
    Ial3Plus,
}

impl Ial {
    /// All levels, lowest first.
    pub const ALL: [Self; 6] =
        [Self::Ial0, Self::Ial1, Self::Ial2, Self::Ial2Plus, Self::Ial3, Self::Ial3Plus];

    /// The name in policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ial0 => "IAL-0",
            Self::Ial1 => "IAL-1",
            Self::Ial2 => "IAL-2",
            Self::Ial2Plus => "IAL-2+",
            Self::Ial3 => "IAL-3",
            Self::Ial3Plus => "IAL-3+",
        }
    }

    /// Reads `IAL-2`, or `2` as on the command line; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let short = |level: &Self| level.as_str().trim_start_matches("IAL-") == text;
        Self::ALL.into_iter().find(|level| level.as_str() == text || short(level))
    }

    /// What the reference table gives a row.
    #[must_use]
    pub const fn of_row(row: Row) -> Self {
        match row {
            Row::R1 => Self::Ial3Plus,
            Row::R2a | Row::R2b | Row::R3 | Row::R4 => Self::Ial3,
            Row::R5 => Self::Ial2Plus,
            Row::R6 | Row::R7 => Self::Ial2,
            Row::R8 => Self::Ial1,
        }
    }

    /// Whether the reference table marks it "?".
    #[must_use]
    pub const fn is_disputed(self) -> bool {
        matches!(self, Self::Ial2Plus | Self::Ial3Plus)
    }

    /// The level that a disputed one counts as where nobody accepts it.
    #[must_use]
    pub const fn floor(self) -> Self {
        match self {
            Self::Ial2Plus => Self::Ial2,
            Self::Ial3Plus => Self::Ial3,
            Self::Ial0 | Self::Ial1 | Self::Ial2 | Self::Ial3 => self,
        }
    }

    /// The next lower level that age leads to.
    #[must_use]
    pub const fn dropped(self) -> Self {
        match self {
            Self::Ial3Plus => Self::Ial3,
            Self::Ial3 | Self::Ial2Plus => Self::Ial2,
            Self::Ial2 => Self::Ial1,
            Self::Ial1 | Self::Ial0 => Self::Ial0,
        }
    }
}

impl fmt::Display for Ial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose scale a policy speaks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Framework {
    /// The reference table of the Japanese working group of 2022.
    JpSwg2022,
    /// NIST SP 800-63-4.
    Nist800634,
    /// Regulation (EU) 2015/1502, indicative.
    Eidas20151502,
}

impl Framework {
    /// All frameworks that are mapped.
    pub const ALL: [Self; 3] = [Self::JpSwg2022, Self::Nist800634, Self::Eidas20151502];

    /// The identifier in policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JpSwg2022 => "jp-swg-2022",
            Self::Nist800634 => "nist-800-63-4",
            Self::Eidas20151502 => "eidas-2015-1502",
        }
    }

    /// The levels of a person's identity, lowest first.
    #[must_use]
    pub const fn identity_scale(self) -> &'static [&'static str] {
        match self {
            Self::JpSwg2022 => &["IAL-0", "IAL-1", "IAL-2", "IAL-2+", "IAL-3", "IAL-3+"],
            Self::Nist800634 => &["none", "IAL1", "IAL2", "IAL3"],
            Self::Eidas20151502 => &["none", "low", "substantial", "high"],
        }
    }

    /// The levels of a login, lowest first; some of them no policy may ask for.
    #[must_use]
    pub const fn authentication_scale(self) -> &'static [&'static str] {
        match self {
            Self::JpSwg2022 | Self::Eidas20151502 => {
                &["AAL-0", "AAL-1", "AAL-1+", "AAL-2", "AAL-3"]
            }
            Self::Nist800634 => &["none", "AAL1", "AAL2", "AAL3"],
        }
    }

    /// The identity level `rank` steps above the lowest.
    #[must_use]
    pub const fn identity(self, rank: usize) -> IdentityLevel {
        IdentityLevel { framework: self, rank }
    }

    /// Reads an identity level that a policy may ask for.
    #[must_use]
    pub fn parse_identity(self, text: &str) -> Option<IdentityLevel> {
        let rank = self.identity_scale().iter().position(|name| *name == text)?;
        (rank > 0).then_some(self.identity(rank))
    }

    /// Reads an authentication level that a policy may ask for.
    #[must_use]
    pub fn parse_authentication(self, text: &str) -> Option<AuthenticationLevel> {
        let rank = self.authentication_scale().iter().position(|name| *name == text)?;
        let may_be_asked = match self {
            Self::JpSwg2022 | Self::Eidas20151502 => text != "AAL-1+",
            Self::Nist800634 => rank > 0,
        };
        may_be_asked.then_some(AuthenticationLevel { framework: self, rank })
    }
}

/// An identity level on the scale of one framework; levels of two frameworks are never compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdentityLevel {
    framework: Framework,
    rank: usize,
}

impl IdentityLevel {
    /// The lowest level of a scale: nothing.
    #[must_use]
    pub const fn none(framework: Framework) -> Self {
        Self { framework, rank: 0 }
    }

    /// A level of the reference table.
    #[must_use]
    pub fn jp(level: Ial) -> Self {
        let rank = Ial::ALL.iter().position(|other| *other == level).unwrap_or(0);
        Self { framework: Framework::JpSwg2022, rank }
    }

    /// The level of the reference table, if it stands on that scale.
    #[must_use]
    pub fn as_jp(self) -> Option<Ial> {
        let on_scale = self.framework == Framework::JpSwg2022;
        on_scale.then(|| Ial::ALL.get(self.rank).copied()).flatten()
    }

    /// The framework whose scale it stands on.
    #[must_use]
    pub const fn framework(self) -> Framework {
        self.framework
    }

    /// Steps above the lowest level.
    #[must_use]
    pub const fn rank(self) -> usize {
        self.rank
    }

    /// Whether this satisfies `needed`, which stands on the same scale.
    #[must_use]
    pub fn satisfies(self, needed: Self) -> bool {
        self.framework == needed.framework && self.rank >= needed.rank
    }

    /// The name in policies and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.framework.identity_scale().get(self.rank).copied().unwrap_or("none")
    }
}

/// An authentication level on the scale of one framework.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuthenticationLevel {
    framework: Framework,
    rank: usize,
}

impl AuthenticationLevel {
    /// What an authentication of the reference table is on a framework's scale (assurance §12).
    ///
    /// 63B-4 AAL3 needs FIPS 140 evidence, which no fact shows; so AAL-3 is AAL2 there.
    #[must_use]
    pub fn of(framework: Framework, level: AuthLevel) -> Self {
        let rank = match framework {
            Framework::JpSwg2022 | Framework::Eidas20151502 => {
                AuthLevel::ALL.iter().position(|other| *other == level).unwrap_or(0)
            }
            Framework::Nist800634 => match level {
                AuthLevel::Aal0 => 0,
                AuthLevel::Aal1 | AuthLevel::Aal1Plus => 1,
                AuthLevel::Aal2 | AuthLevel::Aal3 => 2,
            },
        };
        Self { framework, rank }
    }

    /// The least authentication of the reference table that satisfies this; `None` if none does.
    #[must_use]
    pub fn least(self) -> Option<AuthLevel> {
        AuthLevel::ALL.into_iter().find(|level| Self::of(self.framework, *level).satisfies(self))
    }

    /// Whether this satisfies `needed`, which stands on the same scale.
    #[must_use]
    pub fn satisfies(self, needed: Self) -> bool {
        self.framework == needed.framework && self.rank >= needed.rank
    }

    /// The name in policies and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.framework.authentication_scale().get(self.rank).copied().unwrap_or("none")
    }
}

#[cfg(test)]
mod tests;

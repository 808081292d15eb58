//! What an attested key shows, whoever says it: the wallet provider to this verifier, or the issuer who was told at issuance (assurance §7).

use crate::fact::FactKind;
use crate::row::{Certification, KeyStorage};

/// What a key attestation says of a key and of whoever may use it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct AttestedKey {
    pub(crate) storage: Option<KeyStorage>,
    pub(crate) user: Option<KeyStorage>,
}

impl AttestedKey {
    /// Of several levels in a list the weakest counts; a name that is not known is weaker than all.
    pub(crate) fn of(storage: &[String], user: &[String]) -> Self {
        let weakest = |names: &[String]| {
            let levels: Option<Vec<KeyStorage>> =
                names.iter().map(|name| KeyStorage::parse(name)).collect();
            levels?.into_iter().min()
        };
        Self { storage: weakest(storage), user: weakest(user) }
    }

    /// The facts it gives. A user who is known at each use means it.
    pub(crate) fn facts(self) -> Vec<FactKind> {
        let mut out = vec![FactKind::AuthenticatorBound, FactKind::AuthenticatorStatusClean];
        if self.user.is_some_and(|level| level >= KeyStorage::EnhancedBasic) {
            out.extend([FactKind::UvAttested, FactKind::Intent]);
        }
        if let Some(level) = self.storage {
            out.push(FactKind::KeyCertified(Certification::Iso18045(level)));
            if level >= KeyStorage::Moderate {
                out.extend([FactKind::KeyHardware, FactKind::KeyNonexportable]);
            }
        }
        out
    }
}

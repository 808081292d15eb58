//! For whom a credential was made, as JWTs say it.

use serde_json::Value;

use super::SecuredCredential;
use crate::model::items;

impl SecuredCredential {
    /// For whom the issuer made it: the claim `aud` of JWTs, which COSE messages here have too. Nobody in particular if it is empty;
    /// embedded proofs say no such thing.
    #[must_use]
    pub fn audience(&self) -> Vec<&str> {
        let payload = match self {
            Self::DataIntegrity(_) => return Vec::new(),
            Self::Jose(inner) => inner.credential.value(),
            Self::SdJwt(inner) => inner.sd_jwt().payload(),
        };
        items(payload, "aud").iter().filter_map(Value::as_str).collect()
    }
}

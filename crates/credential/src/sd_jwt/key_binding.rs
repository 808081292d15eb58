//! The key binding JWT: the holder's signature over what is shown, for one verifier and one nonce (RFC 9901 §4.3, §7.3).
//!
//! In scope: reading, making, and all of §7.3 step 5. Out of scope: whether a verifier asks for one, and resolving a key
//! that `cnf` names by `kid`.

use inkan_core::{Timestamp, json, limits, tolerance};
use inkan_crypto::jws::{self, Jws};
use inkan_crypto::{PublicKey, Signer};
use serde_json::{Map, Value, json};

use super::SdJwt;
use super::disclosure::digest;
use super::error::{KeyBindingError, SdJwtError};
use crate::proof::SignFailure;

/// The JWS `typ`.
const TYP: &str = "kb+jwt";

/// A key binding JWT, well-formed and not yet checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyBinding {
    jws: Jws,
    issued_at: Timestamp,
    audience: String,
    nonce: String,
    sd_hash: String,
}

/// The holder's key as the issuer confirmed it (RFC 7800 §3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Confirmation {
    /// The key itself, `jwk`.
    Key(PublicKey),
    /// Its name, `kid`, which the caller has to resolve.
    Name(String),
    /// Its SHA-256 thumbprint, `jkt` (RFC 9449 §6.1).
    Thumbprint(String),
}

impl Confirmation {
    /// Whether `key` is the confirmed one; none if only the caller can say so, who resolved the name.
    #[must_use]
    pub fn fits(&self, key: &PublicKey) -> Option<bool> {
        match self {
            Self::Key(confirmed) => Some(confirmed == key),
            Self::Thumbprint(thumbprint) => Some(*thumbprint == key.thumbprint()),
            Self::Name(_) => None,
        }
    }
}

/// What a verifier asked for, and when it asks.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The verifier, as it names itself.
    pub audience: &'a str,
    /// The nonce it gave out.
    pub nonce: &'a str,
    /// How old the key binding may be, in seconds: [`tolerance::PRESENTATION`], unless the verifier knows better.
    pub max_age: i64,
    /// The time of asking.
    pub now: Timestamp,
}

/// What a holder binds to.
#[derive(Clone, Copy, Debug)]
pub struct BindingTerms<'a> {
    /// The verifier, as it names itself.
    pub audience: &'a str,
    /// The verifier's nonce.
    pub nonce: &'a str,
    /// The time of presenting.
    pub issued_at: Timestamp,
}

impl KeyBinding {
    /// Reads a compact JWS of type `kb+jwt` with `iat`, `aud`, `nonce` and `sd_hash`.
    ///
    /// # Errors
    ///
    /// [`KeyBindingError::Jws`] or [`KeyBindingError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, KeyBindingError> {
        let malformed = |member| KeyBindingError::Malformed { member };
        let jws = Jws::parse(text, limits::JWS)?;
        if !jws.is_typed(TYP) {
            return Err(malformed("typ"));
        }
        let payload = json::parse(jws.payload(), limits::JWS).map_err(|_| malformed("payload"))?;
        let text = |member| {
            let text = json::text(&payload, member).filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or(malformed(member))
        };
        let seconds = payload.get("iat").and_then(Value::as_i64);
        let issued_at = seconds.and_then(|seconds| Timestamp::from_seconds(seconds).ok());
        Ok(Self {
            issued_at: issued_at.ok_or(malformed("iat"))?,
            audience: text("aud")?,
            nonce: text("nonce")?,
            sd_hash: text("sd_hash")?,
            jws,
        })
    }

    /// The compact JWS.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.jws.as_str()
    }

    /// The JWS, whose header may name the key.
    #[must_use]
    pub const fn jws(&self) -> &Jws {
        &self.jws
    }

    /// When the holder says it was made, `iat`.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// For whom it was made, `aud`.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The nonce it answers.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Whether it was made over just what `presented` shows (`sd_hash`).
    #[must_use]
    pub fn is_over(&self, presented: &SdJwt) -> bool {
        self.sd_hash == digest(presented.shown())
    }
}

impl SdJwt {
    /// Checks the key binding: key, signature, time, nonce, audience, and that it covers just what is shown here.
    ///
    /// `key` is the holder's. The issuer's signature must have been verified: it is what confirms the key. A key that the
    /// issuer confirmed by its name alone is refused here: see [`Self::verify_key_binding_by`].
    ///
    /// # Errors
    ///
    /// [`SdJwtError::KeyBinding`] with the first of these that does not hold; [`SdJwtError::Confirmation`].
    pub fn verify_key_binding(
        &self,
        key: &PublicKey,
        expected: &Expected<'_>,
    ) -> Result<(), SdJwtError> {
        self.verify_key_binding_by(key, None, expected)
    }

    /// As [`Self::verify_key_binding`], with a key that the caller resolved: `name` is the DID URL that it has there, never
    /// one that the key binding itself gives. If the issuer confirmed a name (`kid`), it must be this one.
    ///
    /// # Errors
    ///
    /// As [`Self::verify_key_binding`].
    pub fn verify_key_binding_by(
        &self,
        key: &PublicKey,
        name: Option<&str>,
        expected: &Expected<'_>,
    ) -> Result<(), SdJwtError> {
        let binding = self.key_binding().ok_or(KeyBindingError::Missing)?;
        let confirmed = self.confirmation()?.ok_or(KeyBindingError::OtherKey)?;
        // Step 5.1.
        let fits = match &confirmed {
            Confirmation::Name(confirmed) => name == Some(confirmed.as_str()),
            Confirmation::Key(_) | Confirmation::Thumbprint(_) => confirmed.fits(key) == Some(true),
        };
        if !fits {
            return Err(KeyBindingError::OtherKey.into());
        }
        // Steps 5.2 and 5.3; 5.4 was checked on reading.
        binding.jws.verify(key).map_err(|_| KeyBindingError::Invalid)?;
        // Step 5.5.
        let Expected { audience, nonce, max_age, now } = *expected;
        let age = now.seconds_since(binding.issued_at);
        if age > max_age || age < -tolerance::CREDENTIAL {
            return Err(KeyBindingError::Stale { issued_at: binding.issued_at, now }.into());
        }
        // Step 5.6.
        if binding.nonce != nonce {
            return Err(KeyBindingError::Nonce.into());
        }
        if binding.audience != audience {
            return Err(KeyBindingError::Audience.into());
        }
        // Step 5.7.
        if !binding.is_over(self) {
            return Err(KeyBindingError::OtherSdJwt.into());
        }
        Ok(())
    }

    /// The same SD-JWT with a key binding over all that it shows.
    ///
    /// # Errors
    ///
    /// [`SignFailure`] if the signer fails, if a key binding is there already, if nonce or audience is empty, or if
    /// the issuer confirmed no key or another than the signer's.
    pub fn bind(&self, terms: &BindingTerms<'_>, signer: &dyn Signer) -> Result<Self, SignFailure> {
        let refused = |error: KeyBindingError| SignFailure::SdJwt(error.into());
        if self.key_binding.is_some() {
            return Err(refused(KeyBindingError::Unexpected));
        }
        let confirmed = self.confirmation()?.ok_or(refused(KeyBindingError::OtherKey))?;
        // Who signs knows the name of the key; nobody but the holder is harmed by another.
        if !confirmed.fits(&signer.public_key()).unwrap_or(true) {
            return Err(refused(KeyBindingError::OtherKey));
        }
        let mut header = Map::new();
        header.insert("typ".to_owned(), TYP.into());
        let payload = json!({
            "iat": terms.issued_at.seconds(),
            "aud": terms.audience,
            "nonce": terms.nonce,
            "sd_hash": digest(self.shown()),
        });
        let text = jws::sign(header, payload.to_string().as_bytes(), signer)?;
        let binding = KeyBinding::parse(&text).map_err(refused)?;
        Ok(Self { key_binding: Some(binding), ..self.clone() })
    }
}

/// The key in `cnf`. RFC 7800 §3.1 allows one alone; of several methods beside each other the strongest is taken.
pub(super) fn confirmation(payload: &Value) -> Result<Option<Confirmation>, SdJwtError> {
    let Some(cnf) = payload.get("cnf") else { return Ok(None) };
    if let Some(jwk) = cnf.get("jwk") {
        let key = PublicKey::from_jwk(jwk).map_err(|_| SdJwtError::Confirmation)?;
        return Ok(Some(Confirmation::Key(key)));
    }
    let text = |member| json::text(cnf, member).filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(thumbprint) = text("jkt") {
        return Ok(Some(Confirmation::Thumbprint(thumbprint)));
    }
    text("kid").map(Confirmation::Name).map(Some).ok_or(SdJwtError::Confirmation)
}

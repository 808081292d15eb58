//! Statements that others sign as compact JWTs: of operators, registers and wallet providers. One way to open each kind.
//!
//! In scope: size, `typ`, JSON with one reading, closed payloads, times, an authorised signer. Out of scope: what a statement says.

use inkan_core::{Timestamp, json};
use inkan_crypto::jws::Jws;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::authority::{Authorised, authorise};
use crate::finding::Code;
use crate::registry::Registry;

/// One kind of statement, and what it is called where something is wrong with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The media type, without `application/`.
    pub(crate) typ: &'static str,
    /// Most characters.
    pub(crate) limit: usize,
    pub(crate) invalid: Code,
    /// It is of another type.
    pub(crate) other: Code,
    /// Nobody authorised signed it.
    pub(crate) refused: Code,
}

impl Kind {
    /// The signature, of which nothing is known yet, and what it is over.
    ///
    /// # Errors
    ///
    /// `other` for a token of another type, else `invalid`.
    pub(crate) fn open(&self, token: &str) -> Result<(Jws, Value), Code> {
        let jws = Jws::parse(token, self.limit).map_err(|_| self.invalid)?;
        if !jws.is_typed(self.typ) {
            return Err(self.other);
        }
        let said = json::parse(jws.payload(), self.limit).map_err(|_| self.invalid)?;
        Ok((jws, said))
    }

    /// What is said, as a closed object whose own `type` is `name`.
    ///
    /// # Errors
    ///
    /// `invalid`.
    pub(crate) fn closed<T: DeserializeOwned>(&self, said: &Value, name: &str) -> Result<T, Code> {
        if json::text(said, "type") != Some(name) {
            return Err(self.invalid);
        }
        T::deserialize(said).map_err(|_| self.invalid)
    }

    /// A NumericDate.
    ///
    /// # Errors
    ///
    /// `invalid`.
    pub(crate) fn time(&self, seconds: i64) -> Result<Timestamp, Code> {
        Timestamp::from_seconds(seconds).map_err(|_| self.invalid)
    }

    /// The authority of `party` that `fits`, if one of the keys that its entry lists signed while it was in force.
    ///
    /// # Errors
    ///
    /// `refused` for a party without such an authority, `invalid` for another key.
    pub(crate) fn signer(
        &self,
        jws: &Jws,
        (party, issued): (&str, Timestamp),
        (registries, as_of): (&[Registry], Timestamp),
        fits: impl Fn(&Authorised) -> bool,
    ) -> Result<Authorised, Code> {
        let held = authorise(registries, party, issued, as_of).map_err(|_| self.refused)?;
        let mut fitting = held.into_iter().filter(fits).peekable();
        if fitting.peek().is_none() {
            return Err(self.refused);
        }
        let signed = |by: &Authorised| by.keys().iter().any(|key| jws.verify(key).is_ok());
        fitting.find(signed).ok_or(self.invalid)
    }
}

//! What the issuer does: replacing claims by digests, and signing what is left (RFC 9901 §4.2).
//!
//! In scope: members and elements at any level, one within the other, decoys. Out of scope: which claims (the caller
//! says so), and which may not be (`sd_jwt_vc`, `secured`).

use std::collections::BTreeSet;

use inkan_core::rng::draw;
use inkan_core::{CryptoRng, json, limits, sha256};
use inkan_crypto::{SignError, Signer, jws};
use serde_json::{Map, Value};

use super::disclosure::Disclosure;
use super::error::SdJwtError;
use super::path::{ClaimPath, ClaimPathError, Place, Step};
use super::process::{DIGESTS, ELLIPSIS, HASH, RESERVED, SHA_256};
use super::{IssuerSignature, SdJwt, form};
use crate::proof::SignFailure;

/// Decoys of one credential, over all its objects and arrays: each is a digest that everybody carries, and many are too large to be read.
pub(super) const DECOYS: usize = 4_096;

/// Which claims the holder may keep back, and what hides how many there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Concealment<'a> {
    /// The claims; each is disclosed by itself, also one within another.
    pub claims: &'a [ClaimPath],
    /// In every object and array where something is concealed, a random number of decoys up to this; 4,096 in all.
    pub decoys: u8,
}

/// What is concealed at some place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hidden {
    /// Members of an object.
    Members,
    /// Elements of an array.
    Elements,
}

/// Where salts and decoys come from: a generator, or a test vector that has them written down.
pub trait DisclosureSource {
    /// Writes the disclosure of a claim (`name`), or of an element (no name).
    ///
    /// # Errors
    ///
    /// [`SignError`] if the value has no canonical form.
    fn disclosure(&mut self, name: Option<&str>, value: &Value) -> Result<Disclosure, SignError>;

    /// Digests that no disclosure belongs to, for one object or array; the innermost is asked about first.
    fn decoys(&mut self, hidden: Hidden) -> Vec<String>;
}

/// Salts and decoys from a generator.
#[derive(Debug)]
pub struct RandomSource<'a, R> {
    rng: &'a mut R,
    decoys: u8,
}

impl<'a, R: CryptoRng> RandomSource<'a, R> {
    /// Takes the generator, and the greatest number of decoys at one place.
    #[must_use]
    pub const fn new(rng: &'a mut R, decoys: u8) -> Self {
        Self { rng, decoys }
    }
}

impl<R: CryptoRng> DisclosureSource for RandomSource<'_, R> {
    fn disclosure(&mut self, name: Option<&str>, value: &Value) -> Result<Disclosure, SignError> {
        Disclosure::make(name, value, &draw(self.rng)).map_err(SignError::Canonical)
    }

    fn decoys(&mut self, _: Hidden) -> Vec<String> {
        // The first of 16 bytes would be uneven by less than 2^-100.
        let number: [u8; 16] = draw(self.rng);
        let number = u128::from_be_bytes(number) % (u128::from(self.decoys) + 1);
        (0..number).map(|_| sha256(&[&draw::<32>(self.rng)]).to_b64u()).collect()
    }
}

/// Replaces claims by digests (RFC 9901 §4.2): the payload to be signed, and its disclosures in their order.
///
/// The digests of an object are sorted, so that they say nothing about the order of its members; decoys in an array
/// stand at its end.
///
/// # Errors
///
/// [`SignFailure::Claim`] if a path names no claim, or a name alone several; [`SignFailure::SdJwt`] if `claims` use the
/// names `_sd`, `...` or `_sd_alg`, are no object, or would have more than 4,096 decoys; [`SignFailure::Signer`] from the source.
pub fn conceal(
    claims: Value,
    chosen: &[ClaimPath],
    source: &mut dyn DisclosureSource,
) -> Result<(Value, Vec<Disclosure>), SignFailure> {
    let mut places = BTreeSet::new();
    for path in chosen {
        let found = path.resolve(&claims)?;
        if found.is_empty() {
            let known = claims.as_object().into_iter().flat_map(Map::keys);
            let known = known.map(|name| format!("/{name}")).collect();
            return Err(ClaimPathError::Unknown { path: path.to_string(), known }.into());
        }
        places.extend(found);
    }
    let Value::Object(members) = claims else {
        return Err(SdJwtError::Malformed { what: "payload" }.into());
    };
    let mut maker = Maker { places, source, disclosures: Vec::new(), decoys: 0, at: Vec::new() };
    let mut payload = maker.object(members)?;
    if !maker.disclosures.is_empty() {
        payload.insert(HASH.to_owned(), SHA_256.into());
    }
    Ok((Value::Object(payload), maker.disclosures))
}

/// Makes an SD-JWT of `claims`; `header` needs `typ`, and the key's name in whatever way the caller's format has it.
///
/// # Errors
///
/// As [`conceal`]; [`SignFailure::Signer`] if the signer fails. Nothing is signed that would not be read back.
pub fn issue(
    claims: Value,
    concealment: &Concealment<'_>,
    header: Map<String, Value>,
    signer: &dyn Signer,
    rng: &mut impl CryptoRng,
) -> Result<SdJwt, SignFailure> {
    let mut source = RandomSource::new(rng, concealment.decoys);
    let (payload, disclosures) = conceal(claims, concealment.claims, &mut source)?;
    sign(&payload, disclosures, header, signer)
}

/// Signs what [`conceal`] gave, or claims of which none is concealed.
///
/// # Errors
///
/// As [`issue`].
pub fn sign(
    payload: &Value,
    disclosures: Vec<Disclosure>,
    header: Map<String, Value>,
    signer: &dyn Signer,
) -> Result<SdJwt, SignFailure> {
    let payload = json::canonicalize(payload).map_err(SignError::Canonical)?;
    let text = jws::sign(header, &payload, signer)?;
    let jws = jws::Jws::parse(&text, limits::JWS).map_err(SdJwtError::Jws)?;
    let signature = IssuerSignature { jws, unprotected_kid: None };
    Ok(form::assemble((signature, Vec::new()), disclosures, None)?)
}

/// The way through the claims, innermost first.
struct Maker<'a> {
    places: BTreeSet<Place>,
    source: &'a mut dyn DisclosureSource,
    disclosures: Vec<Disclosure>,
    /// How many were made so far.
    decoys: usize,
    at: Vec<Step>,
}

impl Maker<'_> {
    fn value(&mut self, value: Value) -> Result<Value, SignFailure> {
        match value {
            Value::Object(members) => self.object(members).map(Value::Object),
            Value::Array(elements) => self.array(elements),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value),
        }
    }

    fn object(&mut self, members: Map<String, Value>) -> Result<Map<String, Value>, SignFailure> {
        let mut out = Map::new();
        let mut digests = Vec::new();
        for (name, value) in members {
            if let Some(name) = RESERVED.into_iter().find(|reserved| *reserved == name) {
                return Err(SdJwtError::NameReserved { name }.into());
            }
            self.at.push(Step::Member(name.as_str().into()));
            let value = self.value(value)?;
            match self.digest(Some(&name), &value)? {
                Some(digest) => digests.push(digest),
                None => drop(out.insert(name, value)),
            }
            self.at.pop();
        }
        if !digests.is_empty() {
            digests.extend(self.decoys(Hidden::Members)?);
            digests.sort_unstable();
            out.insert(DIGESTS.to_owned(), digests.into());
        }
        Ok(out)
    }

    fn array(&mut self, elements: Vec<Value>) -> Result<Value, SignFailure> {
        let mut out = Vec::with_capacity(elements.len());
        let mut hidden = 0_usize;
        let stand_in =
            |digest| Value::Object(Map::from_iter([(ELLIPSIS.to_owned(), Value::String(digest))]));
        for (index, value) in elements.into_iter().enumerate() {
            self.at.push(Step::Index(index));
            let value = self.value(value)?;
            out.push(match self.digest(None, &value)? {
                Some(digest) => {
                    hidden = hidden.saturating_add(1);
                    stand_in(digest)
                }
                None => value,
            });
            self.at.pop();
        }
        if hidden > 0 {
            out.extend(self.decoys(Hidden::Elements)?.into_iter().map(stand_in));
        }
        Ok(Value::Array(out))
    }

    /// Decoys for one place, as long as there are not too many in all.
    fn decoys(&mut self, hidden: Hidden) -> Result<Vec<String>, SignFailure> {
        let made = self.source.decoys(hidden);
        self.decoys = self.decoys.saturating_add(made.len());
        if self.decoys > DECOYS {
            return Err(SdJwtError::TooManyDecoys { limit: DECOYS }.into());
        }
        Ok(made)
    }

    /// The digest that stands for the claim here, if it is one of those to be concealed.
    fn digest(&mut self, name: Option<&str>, value: &Value) -> Result<Option<String>, SignFailure> {
        if !self.places.contains(&Place::new(self.at.clone())) {
            return Ok(None);
        }
        let disclosure = self.source.disclosure(name, value)?;
        let digest = disclosure.digest().to_owned();
        self.disclosures.push(disclosure);
        Ok(Some(digest))
    }
}

//! A timestamp in a bundle: the items it is over, and the token of [RFC 3161](https://www.rfc-editor.org/rfc/rfc3161).
//!
//! In scope: its shape, and the text whose SHA-256 the token holds. Out of scope: whether the token holds.

use std::collections::BTreeSet;

use inkan_core::encoding;
use inkan_core::json;
use serde_json::{Value, json};

use super::cover::{self, Cover, CoverKind};

/// The `type` of a timestamp, and the first line of the text that is stamped.
pub const TIMESTAMP_TYPE: &str = "inkan-timestamp/1";
/// The most timestamps in a bundle: each is held against the others.
pub const TIMESTAMPS: usize = 16;
/// The largest token in bytes.
const TOKEN_LIMIT: usize = 16_384;

/// A token, and what it is over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BundleTimestamp {
    covers: BTreeSet<Cover>,
    token: Vec<u8>,
}

impl BundleTimestamp {
    /// A token over these items, not verified.
    #[must_use]
    pub const fn new(covers: BTreeSet<Cover>, token: Vec<u8>) -> Self {
        Self { covers, token }
    }

    /// Reads an item of the member `timestamps`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let closed = value.as_object().is_some_and(|members| members.len() == 3);
        if !closed || json::text(value, "type") != Some(TIMESTAMP_TYPE) {
            return None;
        }
        let covers = cover::read(value)?;
        let token = encoding::decode_b64u(json::text(value, "token")?).ok()?;
        (token.len() <= TOKEN_LIMIT).then_some(Self { covers, token })
    }

    /// The item of the member `timestamps`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let covers: Vec<String> = self.covers.iter().map(Cover::to_text).collect();
        json!({ "type": TIMESTAMP_TYPE, "covers": covers, "token": encoding::b64u(&self.token) })
    }

    /// The text whose SHA-256 a token over these items holds.
    #[must_use]
    pub fn statement_of(covers: &BTreeSet<Cover>) -> Vec<u8> {
        cover::statement(TIMESTAMP_TYPE, covers)
    }

    /// The text whose SHA-256 the token has to hold.
    #[must_use]
    pub fn statement(&self) -> Vec<u8> {
        Self::statement_of(&self.covers)
    }

    /// What it is over.
    #[must_use]
    pub const fn covers(&self) -> &BTreeSet<Cover> {
        &self.covers
    }

    /// The DER of the token.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// Itself, as what a later timestamp is over.
    #[must_use]
    pub fn cover(&self) -> Cover {
        Cover::of(CoverKind::Timestamp, &[&self.statement(), &self.token])
    }
}

//! The contexts that documents may use: those built in, and those the caller pins by hash. Nothing is fetched.
//!
//! In scope: which contexts are known, and remembering what became of them, so that each is processed once and not
//! once per document. Out of scope: what a context means (`context`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use inkan_core::{Digest, json, limits, sha256};
use serde_json::{Map, Value, json};

use super::context::Context;
use super::error::{RdfcError, broken};

/// A context that the caller knows by its bytes.
#[derive(Clone, Copy, Debug)]
pub struct PinnedContext<'a> {
    /// The URL by which documents name it.
    pub url: &'a str,
    /// SHA-256 of `bytes`, from where the caller trusts it.
    pub sha256: Digest,
    /// The JSON text, at most 256 KiB.
    pub bytes: &'a [u8],
}

/// A set of known contexts, with what processing them gave. Cheap to use often; make one and keep it.
#[derive(Debug)]
pub struct Contexts {
    by_url: BTreeMap<String, Arc<Value>>,
    /// SHA-256 of the canonical form of objects that may stand in a document's `@context`.
    inline: BTreeSet<Digest>,
    any_inline: bool,
    unwraps: bool,
    memo: RwLock<Memo>,
}

/// The contexts of W3C documents that ship in this library, their JSON pinned by SHA-256 of its canonical form
/// (RFC 8785): the published files differ in white space from place to place. What has another hash is left out.
const BUILT_IN: [(&str, &str, &str); 9] = [
    (
        "https://www.w3.org/ns/credentials/v2",
        ssi_contexts::CREDENTIALS_V2,
        "b463c8d6a066214123ddd9827b135e1b50e1fc73322cc52a9b12a4f1fc7d86cf",
    ),
    (
        "https://www.w3.org/2018/credentials/v1",
        ssi_contexts::CREDENTIALS_V1,
        "b01e671e873981f19a9102a9a57f666dbcaeb31b99e3e124378d143e71549247",
    ),
    (
        "https://www.w3.org/ns/credentials/examples/v2",
        ssi_contexts::CREDENTIALS_EXAMPLES_V2,
        "8a675bead391be98e6054c4e07c41f73337508d398e07047344c5d349aa2dc58",
    ),
    (
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
        UNDEFINED_TERMS_V2,
        "3b11e1df8c618447e9f79f3737e3c30fc0841537eb95f36003742c633672bb9f",
    ),
    (
        "https://w3id.org/security/data-integrity/v1",
        ssi_contexts::W3ID_DATA_INTEGRITY_V1,
        "9505bf85338a4c2121ad03992ac90061bc85d43bcfa34d9d47b779381cf08b5f",
    ),
    (
        "https://w3id.org/security/data-integrity/v2",
        ssi_contexts::W3ID_DATA_INTEGRITY_V2,
        "7ba3c50acf2689d5e07927267343eb353249c7c22a9f2d00307cc970e855e305",
    ),
    (
        "https://w3id.org/security/suites/ed25519-2020/v1",
        ssi_contexts::W3ID_ED2020_V1,
        "fb517f09d990829aed734c9bad8cbbb2ac3d5063b865c7e3d81f246074bf5691",
    ),
    (
        "https://www.w3.org/ns/did/v1",
        ssi_contexts::DID_V1,
        "a7e146c40fcec005d3f0f14ae745665f446da58d7914a9d8f733746686fad82b",
    ),
    (
        "https://w3id.org/vdl/v1",
        ssi_contexts::VDL_V1,
        "33c9dad4847f7d466d28b9f704dd07d8e1da7614d99b94febb03e19d815ef7da",
    ),
];

/// The context that VCDM 2.0 §B.2.3 offers for terms that no other context defines.
const UNDEFINED_TERMS_V2: &str =
    r#"{"@context":{"@vocab":"https://www.w3.org/ns/credentials/undefined-term#"}}"#;

/// A context has at most this many bytes.
const LIMIT: usize = 256 << 10;
/// Results remembered at a time. When there are more, all are forgotten: a flood of made-up contexts costs time, not room.
const MEMO: usize = 512;
/// A result with more terms, or from a longer text, is not remembered.
const MEMO_TERMS: usize = 1_024;
const MEMO_TEXT: usize = 4_096;

/// The inline context of credentials that this toolkit issues: our own terms, and a name for everything that no other
/// context defines.
#[must_use]
pub fn inline_context() -> Value {
    json!({
        "@vocab": "https://www.w3.org/ns/credentials/undefined-term#",
        "countersignature": {
            "@id": "https://inkan.example/vocab#countersignature",
            "@type": "@json",
        },
        "ledgerRecord": { "@id": "https://inkan.example/vocab#ledgerRecord", "@type": "@json" },
    })
}

impl Contexts {
    /// The contexts that ship in this library, one set for everybody.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static SHARED: LazyLock<Contexts> = LazyLock::new(Contexts::new);
        &SHARED
    }

    /// The built-in contexts and others that the caller knows by hash; one of the same URL takes the place of ours.
    ///
    /// # Errors
    ///
    /// [`RdfcError::ContextMismatch`] if bytes do not have their hash; [`RdfcError::Invalid`] if they are no context.
    pub fn with_pinned(pinned: &[PinnedContext<'_>]) -> Result<Self, RdfcError> {
        let mut contexts = Self::new();
        for context in pinned {
            let mismatch = || RdfcError::ContextMismatch { url: context.url.to_owned() };
            if sha256(&[context.bytes]) != context.sha256 {
                return Err(mismatch());
            }
            let invalid = || broken("invalid remote context");
            let document = json::parse(context.bytes, LIMIT).map_err(|_| invalid())?;
            let local = document.get("@context").ok_or_else(invalid)?;
            contexts.by_url.insert(context.url.to_owned(), Arc::new(local.clone()));
        }
        Ok(contexts)
    }

    /// The same, with one more object that may stand in a document's `@context` as it is.
    ///
    /// # Errors
    ///
    /// [`RdfcError::Invalid`] if it has no canonical form.
    pub fn and_inline(mut self, context: &Value) -> Result<Self, RdfcError> {
        self.inline.insert(inline_digest(context)?);
        Ok(self)
    }

    /// The same, and documents may define terms as they please.
    ///
    /// Signatures of RDFC suites do not cover the context. Whoever can write one can rename members of a signed
    /// document without breaking its proof, so that a reader of the JSON sees other claims than were signed. For
    /// conformance tests, and for callers that read nothing but the canonical form.
    #[must_use]
    pub const fn insecure_any_inline(mut self) -> Self {
        self.any_inline = true;
        self
    }

    /// Takes an inline context that is wrapped in an object once more for what is in it, as some processors do and JSON-LD 1.1 does
    /// not (§9.15.1): for the documents of test suites alone.
    #[must_use]
    pub const fn insecure_unwrapped(mut self) -> Self {
        self.unwraps = true;
        self
    }

    fn new() -> Self {
        let known = |(url, text, pin): (&str, &str, &str)| {
            let document = json::parse(text.as_bytes(), limits::DOCUMENT).ok()?;
            let canonical = json::canonicalize(&document).ok()?;
            let pinned = sha256(&[&canonical]).to_hex() == pin;
            let local = document.get("@context").filter(|_| pinned)?;
            Some((url.to_owned(), Arc::new(local.clone())))
        };
        Self {
            by_url: BUILT_IN.into_iter().filter_map(known).collect(),
            inline: inline_digest(&inline_context()).into_iter().collect(),
            any_inline: false,
            unwraps: false,
            memo: RwLock::default(),
        }
    }

    /// Contexts of the caller's and no others, for the test suite of JSON-LD.
    #[cfg(test)]
    pub(super) fn of_documents(contexts: BTreeMap<String, Value>) -> Self {
        let by_url = contexts.into_iter().map(|(url, local)| (url, Arc::new(local))).collect();
        Self { by_url, ..Self::new() }
    }

    /// The context of that URL.
    pub(super) fn get(&self, url: &str) -> Option<&Arc<Value>> {
        self.by_url.get(url)
    }

    /// Whether an entry of a document's `@context` may be used, whatever it says.
    pub(super) fn check_inline(&self, entry: &Value) -> Result<(), RdfcError> {
        let allowed = match entry {
            Value::String(_) => true,
            Value::Object(_) => self.any_inline || self.inline.contains(&inline_digest(entry)?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => self.any_inline,
        };
        if allowed { Ok(()) } else { Err(RdfcError::ContextUnknown { context: beginning(entry) }) }
    }

    /// The context within an object that wraps one, as test suites have it and other processors take it: nothing but a
    /// redefined keyword to [JSON-LD 1.1](https://www.w3.org/TR/json-ld11-api/#create-term-definition), and so to us,
    /// unless documents may define terms as they please.
    pub(super) fn unwrapped<'a>(&self, entry: &'a Map<String, Value>) -> Option<&'a Value> {
        entry.get("@context").filter(|_| self.unwraps && entry.len() == 1)
    }

    /// What applying `step` to the context numbered `from` gave before.
    pub(super) fn recall(&self, from: u64, step: &Step<'_>) -> Option<Arc<Context>> {
        let memo = self.memo.read().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Remote(text) => memo.remote.get(&from)?.get(*text).cloned(),
            Step::Inline(text) => memo.inline.get(&from)?.get(*text).cloned(),
            Step::Scoped(usage, scope) => memo.scoped.get(&(from, *usage, *scope)).cloned(),
        }
    }

    /// Remembers what applying `step` to the context numbered `from` gave.
    pub(super) fn remember(&self, from: u64, step: &Step<'_>, result: &Arc<Context>) {
        if result.len() > MEMO_TERMS {
            return;
        }
        let mut memo = self.memo.write().unwrap_or_else(PoisonError::into_inner);
        if memo.count >= MEMO {
            *memo = Memo::default();
        }
        let result = Arc::clone(result);
        match step {
            Step::Remote(text) | Step::Inline(text) if text.len() > MEMO_TEXT => return,
            Step::Remote(text) => {
                memo.remote.entry(from).or_default().insert((*text).to_owned(), result);
            }
            Step::Inline(text) => {
                memo.inline.entry(from).or_default().insert((*text).to_owned(), result);
            }
            Step::Scoped(usage, scope) => {
                memo.scoped.insert((from, *usage, *scope), result);
            }
        }
        memo.count = memo.count.saturating_add(1);
    }
}

/// One step from an active context to the next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// An entry of a document's `@context` that is a text: a URL.
    Remote(&'a str),
    /// Another one, by its JSON text. A document may hold the same as a text, which is another entry.
    Inline(&'a str),
    /// The scoped context of that number.
    Scoped(Usage, u64),
}

/// Why a scoped context is applied.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Usage {
    /// The term is a member.
    Property,
    /// The term is a type; the context does not reach into other nodes.
    Type,
}

#[derive(Debug, Default)]
struct Memo {
    remote: BTreeMap<u64, BTreeMap<String, Arc<Context>>>,
    inline: BTreeMap<u64, BTreeMap<String, Arc<Context>>>,
    scoped: BTreeMap<(u64, Usage, u64), Arc<Context>>,
    count: usize,
}

fn inline_digest(context: &Value) -> Result<Digest, RdfcError> {
    let canonical = json::canonicalize(context).map_err(|_| broken("invalid local context"))?;
    Ok(sha256(&[&canonical]))
}

fn beginning(entry: &Value) -> String {
    entry.to_string().chars().take(80).collect()
}

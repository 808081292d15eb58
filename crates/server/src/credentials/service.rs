//! What all requests share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use inkan_core::Timestamp;
use inkan_credential::Contexts;

use super::answer::{Cause, Refusal};
use super::options::{ApiOptions, Profile, Role};
use super::status::StatusStore;
use super::suites::{Issuer, Suite};
use crate::connections::Door;
use crate::ledger_node::SharedClock;
use crate::ledger_node::limits::{Buckets, Prefix};
use crate::ledger_node::options::OperatorTokens;
use crate::ledger_node::request_log::RequestLog;

/// Contexts of documents that define terms as they please: for conformance tests.
static ANY_INLINE: std::sync::LazyLock<Option<Arc<Contexts>>> = std::sync::LazyLock::new(|| {
    Contexts::with_pinned(&[]).ok().map(|known| Arc::new(known.insecure_any_inline()))
});

/// One running server.
pub(crate) struct Service {
    pub(crate) options: ApiOptions,
    /// Its own URL, without a slash at the end.
    pub(crate) base: String,
    pub(crate) status: StatusStore,
    pub(crate) tokens: OperatorTokens,
    /// Whether anybody may have something signed.
    pub(crate) is_open: bool,
    pub(crate) door: Arc<Door>,
    pub(crate) clients: Option<Buckets<Prefix>>,
    pub(crate) counts: Counts,
    pub(crate) log: RequestLog,
    pub(crate) clock: SharedClock,
    pub(crate) stopping: AtomicBool,
}

impl Service {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(crate) fn plays(&self, role: Role) -> bool {
        self.options.roles.contains(&role)
    }

    /// The same, for the verifier; none: the built-in ones.
    pub(crate) fn verifier_contexts(&self) -> Option<Arc<Contexts>> {
        match self.options.profile {
            Profile::Conformance => ANY_INLINE.clone(),
            Profile::Strict => None,
        }
    }

    /// The contexts that documents may use.
    pub(crate) fn contexts(&self) -> &'static Contexts {
        match (self.options.profile, &*ANY_INLINE) {
            (Profile::Conformance, Some(contexts)) => contexts,
            (Profile::Conformance, None) | (Profile::Strict, _) => Contexts::built_in(),
        }
    }

    /// Who signs by a suite.
    pub(crate) fn issuer(&self, suite: Suite) -> Option<&Issuer> {
        let wanted = suite.key_type()?;
        self.options.issuers.iter().find(|issuer| issuer.key.key_type() == wanted)
    }

    /// As [`Self::issuer`], or what is answered where nobody does.
    pub(crate) fn needed_issuer(&self, suite: Suite) -> Result<&Issuer, Refusal> {
        self.issuer(suite).ok_or_else(|| {
            Refusal::missing(
                Cause::SuiteNotServed.code(),
                "there is no key here that signs by this suite",
            )
        })
    }
}

/// Requests by route and status.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<(&'static str, u16), u64>>);

impl Counts {
    pub(crate) fn add(&self, route: &'static str, status: u16) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((route, status)).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn all(&self) -> BTreeMap<(&'static str, u16), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

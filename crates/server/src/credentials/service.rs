//! What all requests share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use inkan_core::Timestamp;
use inkan_credential::Contexts;

use super::answer::{Cause, Refusal};
use super::exchange::OfferStore;
use super::issue::UsedNonces;
use super::options::{ApiOptions, Profile, Role};
use super::status::StatusStore;
use super::suites::{Issuer, Suite, can_be_recorded};
use crate::connections::Door;
use crate::desk::Desk;
use crate::ledger_node::SharedClock;
use crate::ledger_node::limits::{Buckets, Prefix};
use crate::ledger_node::options::OperatorTokens;
use crate::ledger_node::request_log::RequestLog;

/// Contexts of documents that define terms as they please: for conformance tests.
static ANY_INLINE: std::sync::LazyLock<Option<Arc<Contexts>>> = std::sync::LazyLock::new(|| {
    Contexts::with_pinned(&[])
        .ok()
        .map(|known| Arc::new(known.insecure_any_inline().insecure_unwrapped()))
});

/// What is answered where nobody signs by a suite.
const NOT_SERVED: &str = "there is no key here that signs by this suite";

/// One running server.
pub(crate) struct Service {
    pub(crate) options: ApiOptions,
    /// Its own URL, without a slash at the end.
    pub(crate) base: String,
    pub(crate) status: StatusStore,
    pub(crate) offers: OfferStore,
    /// Contexts that are pinned.
    pub(crate) pinned: Option<Arc<Contexts>>,
    pub(crate) tokens: OperatorTokens,
    /// Whether anybody may have something signed.
    pub(crate) is_open: bool,
    /// The verifier's desk, if one is open.
    pub(crate) desk: Option<Desk>,
    pub(crate) door: Arc<Door>,
    pub(crate) clients: Option<Buckets<Prefix>>,
    pub(crate) counts: Counts,
    /// Nonces that wallets answered in attestations.
    pub(crate) attested: UsedNonces,
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

    /// Contexts of this profile, beside those of the backing; none: the built-in ones.
    pub(crate) fn verifier_contexts(&self) -> Option<Arc<Contexts>> {
        match self.options.profile {
            Profile::Conformance => ANY_INLINE.clone(),
            Profile::Strict => None,
        }
    }

    /// The contexts that documents may use when something is signed.
    pub(crate) fn contexts(&self) -> &Contexts {
        match (self.options.profile, &*ANY_INLINE) {
            (Profile::Conformance, Some(contexts)) => contexts,
            (Profile::Conformance, None) | (Profile::Strict, _) => {
                self.pinned.as_deref().unwrap_or_else(|| Contexts::built_in())
            }
        }
    }

    /// The keys that are in force now.
    pub(crate) fn issuers(&self) -> Result<Vec<Issuer>, Refusal> {
        match &self.options.backing {
            Some(backing) => Ok(backing.issuers()?),
            None => Ok(self.options.issuers.clone()),
        }
    }

    /// Whether what is issued by this suite with this key has to be recorded.
    pub(crate) fn must_record(&self, suite: Suite, issuer: &Issuer) -> bool {
        let backing = self.options.backing.as_ref();
        suite.is_recorded() && backing.is_some_and(|backing| backing.log_of(issuer).is_some())
    }

    /// Who of these issues by a suite: a key that can sign by it, and if that has to be recorded, can be recorded.
    pub(crate) fn issues<'a>(&self, issuers: &'a [Issuer], suite: Suite) -> Option<&'a Issuer> {
        self.maker(issuers, suite).filter(|issuer| self.may_issue(suite, issuer))
    }

    fn may_issue(&self, suite: Suite, issuer: &Issuer) -> bool {
        !self.must_record(suite, issuer) || can_be_recorded(issuer.key.key_type())
    }

    /// Whose key signs by a suite, if it is signed by here: the old one is for test suites alone. The first that can be recorded where
    /// that has to be.
    pub(crate) fn maker<'a>(&self, issuers: &'a [Issuer], suite: Suite) -> Option<&'a Issuer> {
        let is_old = suite == Suite::Ed25519Signature2020;
        if is_old && self.options.profile == Profile::Strict {
            return None;
        }
        let all = || issuers.iter().filter(|issuer| suite.signs_with(issuer.key.key_type()));
        all().find(|issuer| self.may_issue(suite, issuer)).or_else(|| all().next())
    }

    /// A refusal of one suite, and which others there are.
    pub(crate) fn and_suites(&self, issuers: &[Issuer], refusal: &str) -> String {
        let served = Suite::ALL.into_iter().filter(|suite| self.issues(issuers, *suite).is_some());
        let names: Vec<&str> = served.map(Suite::prefix).collect();
        if names.is_empty() {
            refusal.to_owned()
        } else {
            format!("{refusal}; these have a path of their own: {}", names.join(", "))
        }
    }

    /// Who signs by a suite now, or what is answered where nobody does.
    pub(crate) fn needed_issuer(&self, suite: Suite) -> Result<Issuer, Refusal> {
        let issuers = self.issuers()?;
        let found = self.maker(&issuers, suite).cloned();
        found.ok_or_else(|| {
            Refusal::missing(Cause::SuiteNotServed.code(), self.and_suites(&issuers, NOT_SERVED))
        })
    }
}

/// What is answered where nobody signs by a suite.
pub(crate) fn not_served() -> Refusal {
    Refusal::missing(Cause::SuiteNotServed.code(), NOT_SERVED)
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

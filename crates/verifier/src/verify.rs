//! The verification itself: an artefact, what was gathered for it, and a context become a list of checks.
//!
//! In scope: the order of decisions 7, every check a line, going on after a failure. Out of scope: policy.

mod audience;
mod certified;
mod compromise;
mod consent;
mod content;
mod countersigned;
mod credential;
mod linked;
mod named;
mod offered;
mod period;
mod power;
mod presentation;
mod record;
mod sealed;
mod signer;
mod stamped;
mod status;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use inkan_core::Digest;
use inkan_credential::bundle::Eseal;
use inkan_credential::{Artefact, Bundle, Contexts, SecuredCredential};
use inkan_did::Did;
use inkan_ledger::state::claimed_scid;
use inkan_ledger::{Leaf, MapKey, Receipt, ReceiptError};
use serde_json::Value;

use crate::certificates::PathChecker;
use crate::check::{Check, CheckName, Weight};
use crate::history::DidHistory;
use crate::known::{self, KnownState};
use crate::ledger_view::LedgerView;
use crate::material::{Context, Live, Material};
use crate::reason::Reason;
use crate::verified::Verification;
use stamped::Stamps;

pub use consent::{ConsentVerification, plan_consent, verify_consent};
pub use content::type_name;

/// Signatures that one verification tries in vain at most. Each costs a canonical form of the document, and a log may name
/// thousands of keys by one URL.
const FAILED_TRIES: u32 = 128;

/// Acts under powers of attorney that one verification judges at most: each verifies up to four links twice.
const MANDATES: u32 = 32;

/// Judges the artefact of `bundle` as of `context.as_of`, resting on `material` alone.
///
/// `material` holds what was gathered for [`crate::plan()`], the bundle's own receipts and logs included. The
/// result lists every check, also after the first failure; an unknown one never counts as passed.
pub fn verify(bundle: &Bundle, material: &Material, context: &Context) -> Verification {
    // Who presents does so now, whatever time the credentials are judged at: a key that was replaced since is not the holder's.
    let live = context.expectation.as_ref().is_some_and(|expected| expected.live != Live::No);
    let earlier = live && context.as_of < context.received_at;
    let at_receipt = earlier.then(|| Context { as_of: context.received_at, ..context.clone() });
    let bench = Bench::of(bundle, material, context);
    let now = at_receipt.as_ref().map(|context| Bench::of(bundle, material, context));
    let mut checks = Vec::new();
    let (presenter, presented) = match &bundle.artefact {
        Artefact::Credential(_) => (None, false),
        Artefact::Presentation(presentation) => {
            let bench = now.as_ref().unwrap_or(&bench);
            (presentation::check(bench, presentation, &mut checks), true)
        }
    };
    let mut credentials = Vec::new();
    let mut offers = Vec::new();
    for (index, credential) in bundle.artefact.credentials().iter().enumerate() {
        let subject = format!("cred[{index}]");
        let from = checks.len();
        let mut judged = credential::check(&bench, &subject, credential, &mut checks);
        power::check(&bench, &subject, credential, &mut checks);
        if let Some(presenter) = &presenter {
            presentation::check_holder(&subject, credential, presenter, &mut checks);
        }
        let stops = |check: &&Check| check.failed() || check.blocks();
        let mut stopping = checks.iter().skip(from).filter(stops).peekable();
        let mut offer = None;
        if stopping.peek().is_some() {
            offer = judged.take().filter(|_| stopping.all(concerns_reliance));
        }
        credentials.push(judged);
        offers.push(offer);
    }
    let from = checks.len();
    sealed::check(&bench, &mut checks);
    other_material(&bench, &record::digests(bundle), &mut checks);
    let mut behind = known::check(&bench.ledger, context);
    behind.extend(now.iter().flat_map(|now| known::check(&now.ledger, now.context)));
    if !behind.is_empty() {
        credentials.fill(None);
        offers.fill(None);
        checks.extend(behind);
    }
    if checks.iter().skip(from).any(|check| check.failed() || check.blocks()) {
        // What comes with forged material leaves no evidence behind.
        credentials.fill(None);
        offers.fill(None);
    }
    let benches = || now.iter().chain([&bench]);
    let mut asked: BTreeSet<MapKey> = benches().flat_map(|bench| bench.ledger.asked()).collect();
    asked.extend(benches().flat_map(|bench| bench.aside.borrow().1.clone()));
    checks.sort_by(|a, b| (&a.subject, a.name).cmp(&(&b.subject, b.name)));
    Verification {
        checks: std::sync::Arc::new(checks),
        presenter,
        presented,
        credentials,
        offers,
        states: benches()
            .flat_map(|bench| known::shown(&bench.ledger).into_iter().chain(bench.aside.take().0))
            .collect(),
        asked,
        as_of: context.as_of,
        received_at: context.received_at,
    }
}

/// Whether a line stops those who would rely on a credential, and not those who sign it too, or look who has: it waits for others,
/// or it is made out to somebody.
fn concerns_reliance(check: &Check) -> bool {
    let made_out = matches!(check.reason(), Some(Reason::CredentialAudience { .. }));
    made_out || check.name == CheckName::Offered
}

/// What every check is made with.
struct Bench<'a> {
    /// What is judged; none where that is a consent.
    bundle: Option<&'a Bundle>,
    material: &'a Material,
    context: &'a Context,
    ledger: LedgerView<'a>,
    /// What timestamps over items of the bundle show.
    stamps: Stamps,
    /// Chains of certificates, by what travels and what is pinned; made when the first one is judged.
    paths: OnceCell<Option<Box<dyn PathChecker + 'a>>>,
    histories: RefCell<BTreeMap<String, Result<Rc<DidHistory>, Reason>>>,
    /// Signatures that may still be tried in vain.
    tries: Cell<u32>,
    /// Powers of attorney of the bundle, read once.
    powers: OnceCell<Vec<(Digest, SecuredCredential)>>,
    /// Acts under powers that may still be judged.
    mandates: Cell<u32>,
    /// What benches beside this one saw of newest states, and which ids they asked about.
    aside: RefCell<(Vec<KnownState>, BTreeSet<MapKey>)>,
}

impl<'a> Bench<'a> {
    fn of(bundle: &'a Bundle, material: &'a Material, context: &'a Context) -> Self {
        Self::with(bundle, material, context, LedgerView::new(material, context))
    }

    fn with(
        bundle: &'a Bundle,
        material: &'a Material,
        context: &'a Context,
        ledger: LedgerView<'a>,
    ) -> Self {
        let stamps = stamped::collect(bundle, &ledger, context);
        Self::new(Some(bundle), material, context, ledger, stamps)
    }

    fn new(
        bundle: Option<&'a Bundle>,
        material: &'a Material,
        context: &'a Context,
        ledger: LedgerView<'a>,
        stamps: Stamps,
    ) -> Self {
        Self {
            bundle,
            material,
            context,
            ledger,
            stamps,
            histories: RefCell::new(BTreeMap::new()),
            tries: Cell::new(FAILED_TRIES),
            paths: OnceCell::new(),
            powers: OnceCell::new(),
            mandates: Cell::new(MANDATES),
            aside: RefCell::default(),
        }
    }

    fn powers(&self) -> &[(Digest, SecuredCredential)] {
        self.powers.get_or_init(|| self.bundle.map(Bundle::powers).unwrap_or_default())
    }

    /// Keeps what another bench saw, so that the next verification knows it.
    fn remember(&self, other: &Bench<'_>) {
        let mut aside = self.aside.borrow_mut();
        for state in known::shown(&other.ledger) {
            if !aside.0.contains(&state) {
                aside.0.push(state);
            }
        }
        aside.1.extend(other.ledger.asked());
    }

    /// The credentials that are judged.
    fn credentials(&self) -> &'a [SecuredCredential] {
        self.bundle.map_or(&[], |bundle| bundle.artefact.credentials())
    }

    /// The countersignatures that travel beside them.
    fn beside(&self) -> &'a [String] {
        self.bundle.map_or(&[], |bundle| &bundle.countersignatures)
    }

    /// The evidence that travels along.
    fn evidence(&self) -> &'a [Value] {
        self.bundle.map_or(&[], |bundle| &bundle.evidence)
    }

    /// The e-seals that travel along.
    fn eseals(&self) -> &'a [Eseal] {
        self.bundle.map_or(&[], |bundle| &bundle.eseals)
    }

    /// The JSON-LD contexts that are known here.
    fn contexts(&self) -> &Contexts {
        self.material.contexts.as_deref().unwrap_or_else(|| Contexts::built_in())
    }

    /// What chains of certificates are judged by, if anything.
    fn paths(&self) -> Option<&dyn PathChecker> {
        let checker = self.context.certificates.as_deref();
        let made = || checker.map(|checker| checker.paths(&certified::said(self.evidence())));
        self.paths.get_or_init(made).as_deref()
    }

    /// The history of a DID as of the judged time; collected once.
    fn history(&self, did: &Did) -> Result<Rc<DidHistory>, Reason> {
        if let Some(known) = self.histories.borrow().get(did.as_str()) {
            return known.clone();
        }
        let collected =
            DidHistory::collect(did, self.material, &self.ledger, self.context).map(Rc::new);
        self.histories.borrow_mut().insert(did.as_str().to_owned(), collected.clone());
        collected
    }
}

/// Material that was forged is a refusal; receipts that belong to nothing at hand are listed, and nothing rests on
/// them (decisions 13).
fn other_material(bench: &Bench<'_>, known: &BTreeSet<Digest>, checks: &mut Vec<Check>) {
    checks.extend(bench.stamps.lines.iter().cloned());
    for code in &bench.material.malformed {
        let reason = Reason::ReceiptInvalid { code };
        checks.push(Check::fail(CheckName::OnLedger, "bundle", reason));
    }
    for (index, code) in bench.ledger.forged() {
        let subject = format!("current[{index}]");
        checks.push(Check::fail(CheckName::OnLedger, &subject, Reason::ReceiptInvalid { code }));
    }
    for index in bench.ledger.weak() {
        checks.push(weak(&format!("current[{index}]"), &ReceiptError::QuorumNotMet));
    }
    for (index, seen) in bench.ledger.receipts().iter().enumerate() {
        let subject = format!("receipt[{index}]");
        if let Some(opening) = seen.receipt.opening() {
            if !known.contains(&opening.digest) {
                checks.push(unrelated(&subject));
            }
            continue;
        }
        match &seen.result {
            Ok(_) => {}
            // Whoever wants can strip it: what then is missing says so in its own check (§2.7: no forgery).
            Err(error @ ReceiptError::QuorumNotMet) => checks.push(weak(&subject, error)),
            Err(error) if about_us(bench, seen.receipt) => {
                let reason = Reason::ReceiptInvalid { code: error.code() };
                checks.push(Check::fail(CheckName::OnLedger, &subject, reason));
            }
            Err(_) => checks.push(unrelated(&subject)),
        }
    }
}

/// What stands under a head that too few have signed for this verifier: nothing rests on it.
fn weak(subject: &str, error: &ReceiptError) -> Check {
    let reason = Reason::ReceiptInvalid { code: error.code() };
    Check::unknown(CheckName::OtherReceipt, subject, reason, Weight::Informative)
}

fn unrelated(subject: &str) -> Check {
    let reason = Reason::ReceiptUnrelated;
    Check::unknown(CheckName::OtherReceipt, subject, reason, Weight::Informative)
}

/// Whether a receipt of a log that we know claims to be about a DID that the verification rests on.
fn about_us(bench: &Bench<'_>, receipt: &Receipt) -> bool {
    let origin = receipt.note().text().lines().next().unwrap_or_default();
    if !bench.context.logs.iter().any(|log| log.has_log(origin)) {
        return false;
    }
    let Ok(leaf) = Leaf::parse(receipt.leaf_bytes()) else { return false };
    let scid = claimed_scid(leaf.kind(), leaf.body());
    let histories = bench.histories.borrow();
    scid.is_some_and(|scid| {
        histories.keys().any(|did| Did::parse(did).is_ok_and(|did| did.scid() == Some(&scid)))
    })
}

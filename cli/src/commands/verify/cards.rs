//! Card signatures in a verification: what the profile judges them by, what the bundle brings of revocation, and which nonces are used up.

use inkan_core::{Timestamp, tolerance};
use inkan_credential::Bundle;
use inkan_did::Did;
use inkan_evidence::PresentationEvidence;
use inkan_evidence::jpki::{Jpki, bound_statements};
use inkan_io::cards::Cards;
use inkan_io::profile::{NonceRecord, Record as _, Shelf};
use inkan_verifier::history::DidHistory;
use inkan_verifier::ledger_view::LedgerView;
use inkan_verifier::{Expectation, Live, Verification};

use super::{Examine, Finder, Terms};
use crate::commands::request;
use crate::context::{Context, Home};
use crate::failure::Failure;

/// What judges the card signatures of a verification; nothing if there are none.
pub(super) fn jpki(
    cards: &Cards,
    bundle: &Bundle,
    verification: &Verification,
    shown: Option<&PresentationEvidence>,
    asked: Option<(&Expectation, &[String])>,
) -> Result<Option<Jpki>, Failure> {
    let Some(jpki) = cards.judging(bundle, verification, shown)? else { return Ok(None) };
    Ok(Some(match asked {
        Some((expected, nonces)) => jpki.asking(&expected.audience, nonces.iter().cloned()),
        None => jpki,
    }))
}

/// Nonces of this profile that a statement may name: those that were not used, unless something is judged again.
pub(super) fn nonces(
    expected: &Expectation,
    now: Timestamp,
    home: &Home,
) -> Result<Vec<String>, Failure> {
    let again = expected.live == Live::No;
    let all = home.profile.all::<NonceRecord>()?.into_iter().map(|(_, record)| record);
    let open = all.filter(|record| {
        let for_it = record.audience.as_ref().is_none_or(|aud| *aud == expected.audience);
        for_it && (again || record.used_at.is_none() && in_time(record, now))
    });
    Ok(open.map(|record| record.nonce).collect())
}

/// Whether a nonce of this profile is answered while it is fresh; clocks may differ a little.
pub(crate) fn in_time(record: &NonceRecord, at: Timestamp) -> bool {
    let clocks = tolerance::EVIDENCE_CLOCKS;
    let age = at.seconds_since(record.issued_at);
    (-clocks..=tolerance::PRESENTATION.saturating_add(clocks)).contains(&age)
}

/// Marks the nonces of statements to this verifier as used, where both signatures hold: whoever merely knows a nonce uses up nothing.
pub(super) fn consume(
    expected: &Expectation,
    verification: &Verification,
    jpki: Option<&Jpki>,
    home: &Home,
) -> Result<(), Failure> {
    let Some(jpki) = jpki.filter(|_| expected.live != Live::No) else { return Ok(()) };
    let now = verification.received_at();
    for statement in bound_statements(verification, jpki, now) {
        if statement.aud() == expected.audience {
            use_up(statement.nonce(), statement.to_bytes().as_slice(), now, home)?;
        }
    }
    Ok(())
}

/// Marks a nonce of this profile as used by these bytes.
pub(crate) fn use_up(nonce: &str, by: &[u8], now: Timestamp, home: &Home) -> Result<(), Failure> {
    let name = request::file_name(nonce);
    let Some(mut record) = home.profile.find::<NonceRecord>(&name)? else { return Ok(()) };
    if record.used_at.is_none() {
        record.used_at = Some(now);
        record.used_by = Some(inkan_core::sha256(&[by]).to_b64u());
        home.profile.put(Shelf::Nonces, &name, &record.to_value())?;
    }
    Ok(())
}

/// The versions of a holder's DID as of a time; none if it cannot be shown here.
pub(crate) fn history(
    did: &str,
    (as_of, offline): (Option<&str>, bool),
    home: &Home,
    context: &mut Context,
) -> Result<Option<DidHistory>, Failure> {
    let Ok(did) = Did::parse(did) else { return Ok(None) };
    if did.scid().is_none() {
        return Ok(None);
    }
    let args = Examine { policy: None, at: as_of, offline }.args();
    let terms = Terms::of(&args, home, context)?;
    let finder = Finder::open(&args, home, context)?;
    let gathered = finder.find_did(did.as_str(), terms.context.as_of)?;
    for missed in &gathered.missed {
        context.speech.detail(missed);
    }
    let view = LedgerView::new(&gathered.material, &terms.context);
    let history = DidHistory::collect(&did, &gathered.material, &view, &terms.context).ok();
    let is_whole =
        |history: &DidHistory| history.missing().is_none() && history.out_of_sight().is_none();
    Ok(history.filter(is_whole))
}

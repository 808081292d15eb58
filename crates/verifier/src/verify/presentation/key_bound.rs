//! A credential with a key binding ([RFC 9901 §7.3](https://www.rfc-editor.org/rfc/rfc9901#section-7.3)): the holder's key is the
//! one that the issuer confirmed.
//!
//! The issuer's signature is checked with the credential: without it nothing here counts, since a credential that fails
//! leaves no evidence.

use inkan_core::sha256;
use inkan_credential::Presentation;
use inkan_credential::sd_jwt::{Confirmation, Expected, KeyBindingError, SdJwt, SdJwtError};
use inkan_crypto::PublicKey;
use inkan_did::{Did, DidUrl, Method, Relationship, self_contained};

use super::{NAME, SUBJECT, answers, must_be_in_force, said};
use crate::check::Check;
use crate::history::DidHistory;
use crate::material::Live;
use crate::reason::Reason;
use crate::verified::Presenter;
use crate::verify::record::Found;
use crate::verify::signer::Signer;
use crate::verify::{Bench, signer};

/// As `judge` of presentations with a proof of their own.
pub(super) fn judge(
    bench: &Bench<'_>,
    presentation: &Presentation,
    presented: &SdJwt,
) -> Result<(Presenter, Check), Reason> {
    let context = bench.context;
    let holder = holder(bench, presentation, presented)?;
    let (expected, created) = answers(context, presentation)?;
    let terms = Expected {
        audience: &expected.audience,
        nonce: &expected.nonce,
        // The time was judged above; one that is judged again is not judged by its age.
        max_age: i64::MAX,
        now: if expected.live == Live::No { created } else { context.received_at },
    };
    presented
        .verify_key_binding_by(&holder.key, Some(&holder.method), &terms)
        .map_err(|error| reason(&error))?;
    let concealed = u64::try_from(presented.concealed()).unwrap_or(u64::MAX);
    let disclosed = u64::try_from(presented.disclosures().len()).unwrap_or(u64::MAX);
    let line = Check::pass(NAME, SUBJECT)
        .with("binding", "kb+jwt")
        .with("disclosed", disclosed)
        .with("concealed", concealed);
    let presenter = Presenter {
        holder: holder.did,
        method: holder.method,
        key: holder.key,
        nonce_digest: sha256(&[expected.nonce.as_bytes()]),
        presentation_digest: presentation.digest(),
        audience: expected.audience.clone(),
        created,
        nonce_issued_at: expected.nonce_issued_at,
        live: expected.live,
    };
    Ok((presenter, said(line, expected)))
}

struct Holder {
    did: String,
    method: String,
    key: PublicKey,
}

/// The key that the issuer confirmed. Where the subject is a DID that is known, it must be one of its keys now.
fn holder(
    bench: &Bench<'_>,
    presentation: &Presentation,
    presented: &SdJwt,
) -> Result<Holder, Reason> {
    let confirmed = presented.confirmation().map_err(|error| reason(&error))?;
    let confirmed = confirmed.ok_or(Reason::HolderKeyMismatch)?;
    let subject = Did::parse(presentation.holder()).ok();
    let history = subject.as_ref().map(|did| bench.history(did));
    match (&confirmed, history) {
        (Confirmation::Key(_) | Confirmation::Thumbprint(_), Some(Ok(history))) => {
            if let Some(leaf_index) = history.missing() {
                return Err(Reason::HistoryIncomplete { leaf_index });
            }
            signer::recent(bench, &history)?;
            current(bench, &history, |_, key| confirmed.fits(key) == Some(true))
        }
        // The issuer confirmed the key itself: no document is needed to know it, unless there is one that may have replaced it.
        (Confirmation::Key(key), None | Some(Err(Reason::DidUnresolved { .. })))
            if subject.as_ref().is_none_or(|did| did.method() != Method::Webvh) =>
        {
            let own = self_contained::did_jwk(key);
            let did = subject.map_or_else(|| own.clone(), |did| did.to_string());
            Ok(Holder { did, method: format!("{own}#0"), key: key.clone() })
        }
        (Confirmation::Name(name), _) => {
            let url = DidUrl::parse(name).map_err(|_| Reason::HolderKeyMismatch)?;
            let history = bench.history(url.did())?;
            if let Some(leaf_index) = history.missing() {
                return Err(Reason::HistoryIncomplete { leaf_index });
            }
            signer::recent(bench, &history)?;
            current(bench, &history, |method, _| *method == url)
        }
        (Confirmation::Key(_) | Confirmation::Thumbprint(_), Some(Err(reason))) => Err(reason),
        (Confirmation::Key(_) | Confirmation::Thumbprint(_), None) => {
            Err(Reason::HolderKeyMismatch)
        }
    }
}

/// A key that authenticates the DID by its newest version. One that was reported to be in other hands is listed again in vain.
fn current(
    bench: &Bench<'_>,
    history: &DidHistory,
    is_it: impl Fn(&DidUrl, &PublicKey) -> bool,
) -> Result<Holder, Reason> {
    let newest = history.newest().filter(|newest| !newest.deactivated);
    let newest = newest.ok_or(Reason::HolderKeyMismatch)?;
    let mut methods = newest.listing().methods_for(Relationship::Authentication);
    let found = methods.find(|method| is_it(&method.id, &method.key));
    let found = found.ok_or(Reason::HolderKeyMismatch)?;
    let signer = Signer::of_newest(history, (&found.id, &found.key));
    let signer = signer.ok_or(Reason::HolderKeyMismatch)?;
    let none = Found::default();
    must_be_in_force(&signer::in_force(bench, (NAME, SUBJECT), history, &signer, &none))?;
    let (did, method) = (history.did().to_string(), found.id.to_string());
    Ok(Holder { did, method, key: found.key.clone() })
}

/// The reason for what is wrong with a key binding.
fn reason(error: &SdJwtError) -> Reason {
    if matches!(error, SdJwtError::KeyBinding(KeyBindingError::OtherSdJwt)) {
        return Reason::PresentationHashMismatch;
    }
    let of_another = matches!(
        error,
        SdJwtError::KeyBinding(KeyBindingError::OtherKey) | SdJwtError::Confirmation
    );
    if of_another { Reason::HolderKeyMismatch } else { Reason::PresentationProofInvalid }
}

//! What an operator says of an account in a session, where nobody presents anything (assurance §7.1, session form).
//!
//! In scope: events that are bound to the session that is judged. Out of scope: credentials and holders; nothing of a session is theirs.

use std::collections::BTreeSet;

use inkan_core::sha256;
use inkan_verifier::Verification;

use crate::aal::{Made, Remember, note_event};
use crate::authn_event::{self, BoundTo};
use crate::fact::{Fact, FactKind};
use crate::facts::{Authenticator, Facts};
use crate::finding::{Code, Finding};
use crate::metadata::Metadata;
use crate::registry::Registry;
use crate::row::Road;
use crate::shown::{Offered, PresentationEvidence};

/// The fewest characters of a session's handle: 128 bits in base64url.
const HANDLE: usize = 22;

/// A session of this verifier's, and what was shown in it.
#[derive(Clone, Copy, Debug)]
pub struct SessionAsked<'a> {
    /// What was shown.
    pub shown: &'a PresentationEvidence,
    /// This verifier, as an operator names it.
    pub audience: &'a str,
    /// The handle of the session: a secret of at least 128 bits, of which an operator knows the digest alone.
    pub handle: &'a str,
    /// What is known of models.
    pub metadata: Option<&'a Metadata>,
    /// `jti` of every event that was used before and has not ended.
    pub used_events: &'a BTreeSet<String>,
}

/// The handle is too short to be one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a session's handle has at least {HANDLE} characters: 128 bits that nobody guesses")]
pub struct HandleError;

impl HandleError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "session-handle-weak"
    }
}

/// The facts of a session in which nothing was presented, and what this verifier has to remember of it.
///
/// # Errors
///
/// [`HandleError`].
pub fn facts_of_session(
    nothing: &Verification,
    registries: &[Registry],
    asked: &SessionAsked<'_>,
) -> Result<(Facts, Remember), HandleError> {
    if asked.handle.len() < HANDLE {
        return Err(HandleError);
    }
    let session = sha256(&[asked.handle.as_bytes()]).to_hex();
    let mut made = Made::default();
    for (position, offered) in asked.shown.offered().iter().enumerate() {
        let path = format!("authenticator[{position}]");
        let Offered::Event(token) = offered else {
            // Whatever it is, it answers a holder's presentation, and there is none.
            made.findings.push(Finding::new(Code::AuthenticatorNotBound, &path));
            continue;
        };
        let judged = authn_event::Judged {
            registries,
            audience: asked.audience,
            to: BoundTo::Session(&session),
            used: asked.used_events,
            received_at: nothing.received_at(),
            as_of: nothing.as_of(),
        };
        let event = match authn_event::check(token, &path, &judged) {
            Ok(event) if !made.remember.used_events.contains(&event.jti) => event,
            Ok(_) => {
                made.findings.push(Finding::new(Code::AuthenticationEventNotBound, &path));
                continue;
            }
            Err(code) => {
                made.findings.push(Finding::new(code, &path));
                continue;
            }
        };
        let mut worth = note_event(&event, (asked.metadata, nothing.as_of()), &path, &mut made);
        let before = worth.facts.len();
        // A bearer's statement: whoever has the session has it, so it is never AAL-3.
        worth.facts.retain(|kind| !is_of_aal_3(*kind));
        if worth.facts.len() < before {
            made.findings.push(Finding::new(Code::SessionBoundOnly, &path));
        }
        let source = sha256(&[token.as_bytes()]);
        let at = nothing.received_at();
        let fact = |kind: &FactKind| Fact::attested(*kind, &event.by, source, at);
        let facts: Vec<Fact> = worth.facts.iter().map(fact).collect();
        // Also where it comes to nothing (a cookie): the session was judged, and what it lacks is a factor and no holder.
        let age_seconds = worth.since.map(|since| at.seconds_since(since).max(0));
        let road = Road::AuthenticationEvent;
        made.authenticators.push(Authenticator { road, facts, age_seconds, of_session: true });
        made.remember.used_events.push(event.jti);
    }
    made.findings.sort();
    made.findings.dedup();
    let facts = Facts {
        as_of: nothing.as_of(),
        credentials: Vec::new(),
        holder: None,
        authenticators: made.authenticators,
        findings: made.findings,
        ignored: made.ignored,
    };
    Ok((facts, made.remember))
}

const fn is_of_aal_3(kind: FactKind) -> bool {
    matches!(kind, FactKind::KeyHardware | FactKind::KeyNonexportable | FactKind::Intent)
}

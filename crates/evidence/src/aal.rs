//! From what was shown beside a presentation to facts about authenticators (assurance §7): each answer by itself, never mixed.
//!
//! In scope: which answer belongs to which road, and what each loses. Out of scope: what the facts are worth (`inkan-assurance`).

mod hosted;

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp, sha256};
use inkan_credential::token_status_list::StatusListToken;
use inkan_verifier::{Presenter, Verification};
use serde_json::Value;

use crate::authn_event::{self, BoundTo, worth};
use crate::authority::Authorised;
use crate::fact::{Fact, FactKind};
use crate::facts::Authenticator;
use crate::finding::{Code, Finding};
use crate::metadata::{Metadata, ModelStanding};
use crate::registry::Registry;
use crate::row::{Certification, Road};
use crate::shown::{Channel, Offered, PresentationEvidence};
use crate::webauthn::{self, Assertion, Registration, Site, ToldBy, WebauthnError};
use crate::{IgnoredClaim, key_attestation, key_statement};

/// What this verifier asked, and what it keeps.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What was shown.
    pub shown: &'a PresentationEvidence,
    /// The nonce that was asked for, as it stands in the presentation.
    pub nonce: &'a str,
    /// Where users meet this verifier, if it takes authenticators.
    pub site: Option<&'a Site>,
    /// Authenticators that were registered here.
    pub registrations: &'a [Registration],
    /// What is known of models.
    pub metadata: Option<&'a Metadata>,
    /// Status lists of wallet providers.
    pub status_lists: &'a [StatusListToken],
    /// `jti` of every event that was used before and has not ended.
    pub used_events: &'a BTreeSet<String>,
}

/// What a verifier has to remember once it has judged.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remember {
    /// Registrations with a new counter.
    pub registrations: Vec<Registration>,
    /// `jti` of events that are used up.
    pub used_events: Vec<String>,
}

/// What was made of it.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) authenticators: Vec<Authenticator>,
    pub(crate) claims: Vec<Fact>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) ignored: Vec<IgnoredClaim>,
    pub(crate) remember: Remember,
}

/// The facts of the answers, and of the issuers' statements in the credentials.
pub(crate) fn authenticators(
    verification: &Verification,
    registries: &[Registry],
    asked: Option<&Asked<'_>>,
) -> Made {
    let mut made = Made::default();
    let Some(presenter) = verification.presenter() else {
        return made;
    };
    let mut maker = Maker {
        presenter,
        registries,
        as_of: verification.as_of(),
        received_at: verification.received_at(),
        channel: asked.map(|asked| asked.shown.channel()),
        made: &mut made,
    };
    let stated = maker.key_statements(verification);
    if let Some(asked) = asked {
        maker.offered(asked, &stated);
    }
    made
}

struct Maker<'a> {
    presenter: &'a Presenter,
    registries: &'a [Registry],
    as_of: Timestamp,
    received_at: Timestamp,
    channel: Option<Channel>,
    made: &'a mut Made,
}

impl Maker<'_> {
    fn lost(&mut self, code: Code, path: &str) {
        self.made.findings.push(Finding::new(code, path));
    }

    /// What issuers state in their credentials. Gives the statements.
    fn key_statements(&mut self, verification: &Verification) -> Vec<Value> {
        let mut out = Vec::new();
        for (position, credential) in verification.credentials().iter().enumerate() {
            let Some(credential) = credential else { continue };
            let Some(statement) = credential.credential().value().get(key_statement::MEMBER) else {
                continue;
            };
            out.push(statement.clone());
            let judged = key_statement::Judged {
                registries: self.registries,
                issuer: credential.issuer(),
                issued: credential.credential().valid_from(),
                jkt: &self.presenter.key().thumbprint(),
                as_of: self.as_of,
            };
            match key_statement::check(statement, &judged) {
                Ok((key, by)) => {
                    let (kinds, source) = (key.facts(), credential.digest());
                    self.attested(Road::IssuerAttestedKey, &kinds, (&by, source), None);
                }
                Err(code) => {
                    self.lost(code, &format!("cred[{position}].{}", key_statement::MEMBER));
                }
            }
        }
        out
    }

    fn offered(&mut self, asked: &Asked<'_>, stated: &[Value]) {
        // Whatever the holder says that it did, it is the holder's word.
        if asked.shown.holder_auth().is_some() {
            let source = self.presenter.nonce_digest();
            self.made.claims.push(Fact::claimed(FactKind::UvClaimed, source, self.received_at));
        }
        for (position, offered) in asked.shown.offered().iter().enumerate() {
            let path = format!("authenticator[{position}]");
            match offered {
                // What an issuer states counts inside its signature, where it was read already.
                Offered::KeyStatement(copy) if stated.contains(copy) => {}
                Offered::KeyStatement(_) => self.lost(Code::KeyStatementInvalid, &path),
                Offered::KeyAttestation(token) => self.key_attestation(token, asked, &path),
                Offered::Webauthn(assertion) => self.webauthn(assertion, asked, &path),
                Offered::Event(token) => self.event(token, asked, &path),
                // By its own door, if there is a configuration: `make`.
                Offered::Jpki { .. } => {}
                Offered::Hosted { key, activation } => {
                    self.hosted((key, activation), asked, &path);
                }
            }
        }
    }

    fn key_attestation(&mut self, token: &str, asked: &Asked<'_>, path: &str) {
        let judged = key_attestation::Judged {
            registries: self.registries,
            status_lists: asked.status_lists,
            jkt: &self.presenter.key().thumbprint(),
            nonce: None,
            received_at: self.received_at,
            as_of: self.as_of,
        };
        match key_attestation::check(token, &judged) {
            Ok((key, by)) => {
                let source = sha256(&[token.as_bytes()]);
                self.attested(Road::KeyAttestation, &key.facts(), (&by, source), None);
            }
            Err(code) => self.lost(code, path),
        }
    }

    fn event(&mut self, token: &str, asked: &Asked<'_>, path: &str) {
        let Some((event, worth)) = self.judged_event(token, asked, path) else { return };
        if !worth.facts.is_empty() {
            let by = (&event.by, sha256(&[token.as_bytes()]));
            self.attested(Road::AuthenticationEvent, &worth.facts, by, worth.since);
        }
        self.made.remember.used_events.push(event.jti);
    }

    /// An event that is this holder's answer to this request, used for the first time.
    fn judged_event(
        &mut self,
        token: &str,
        asked: &Asked<'_>,
        path: &str,
    ) -> Option<(authn_event::Event, authn_event::Worth)> {
        if !self.is_answer(asked.nonce) {
            self.lost(Code::AuthenticationEventNotBound, path);
            return None;
        }
        let jkt = self.presenter.key().thumbprint();
        let judged = authn_event::Judged {
            registries: self.registries,
            audience: self.presenter.audience(),
            to: BoundTo::Holder { nonce: asked.nonce, jkt: &jkt },
            used: asked.used_events,
            received_at: self.received_at,
            as_of: self.as_of,
        };
        let event = match authn_event::check(token, path, &judged) {
            Ok(event) if !self.made.remember.used_events.contains(&event.jti) => event,
            Ok(_) => {
                self.lost(Code::AuthenticationEventNotBound, path);
                return None;
            }
            Err(code) => {
                self.lost(code, path);
                return None;
            }
        };
        let worth = note_event(&event, (asked.metadata, self.as_of), path, self.made);
        Some((event, worth))
    }

    /// A key that a signing service keeps for its holder: it is no more than the activation that lets it sign, and no more than the
    /// key is (assurance §9).
    fn hosted(&mut self, (key, activation): (&str, &str), asked: &Asked<'_>, path: &str) {
        let jkt = self.presenter.key().thumbprint();
        let of_key = key_attestation::Judged {
            registries: self.registries,
            status_lists: asked.status_lists,
            jkt: &jkt,
            nonce: None,
            received_at: self.received_at,
            as_of: self.as_of,
        };
        let (attested, by) = match key_attestation::check(key, &of_key) {
            Ok(found) => found,
            Err(code) => return self.lost(code, &format!("{path}.key")),
        };
        let path = format!("{path}.activation");
        let Some((event, worth)) = self.judged_event(activation, asked, &path) else { return };
        let facts = hosted::weaker(attested, &worth.facts);
        if facts.is_limited {
            self.lost(Code::HostedActivationWeak, &path);
        }
        if !worth.facts.is_empty() {
            let source = sha256(&[key.as_bytes(), activation.as_bytes()]);
            self.attested(Road::HostedKey, &facts.kinds, (&by, source), worth.since);
        }
        self.made.remember.used_events.push(event.jti);
    }

    fn webauthn(&mut self, assertion: &Assertion, asked: &Asked<'_>, path: &str) {
        let known = asked
            .registrations
            .iter()
            .find(|known| known.credential_id() == assertion.credential_id);
        let (Some(site), Some(registration)) = (asked.site, known) else {
            return self.lost(Code::AuthenticatorNotBound, path);
        };
        let is_own = registration.holder() == self.presenter.holder()
            && registration.jkt() == self.presenter.key().thumbprint();
        if !is_own {
            return self.lost(Code::AuthenticatorNotBound, path);
        }
        if !self.is_answer(asked.nonce) {
            return self.lost(Code::WebauthnChallengeMismatch, path);
        }
        let challenge = webauthn::challenge(asked.nonce, &self.presenter.presentation_digest());
        let proved = match webauthn::verify(assertion, registration, &challenge, site) {
            Ok(proved) => proved,
            Err(WebauthnError::Challenge) => {
                return self.lost(Code::WebauthnChallengeMismatch, path);
            }
            Err(_) => return self.lost(Code::WebauthnAssertionInvalid, path),
        };
        self.made.remember.registrations.push(registration.clone().with_counter(proved.counter()));
        // The page and the touch are what this authenticator signed just now.
        let mut kinds =
            vec![FactKind::AuthenticatorBound, FactKind::VerifierBound, FactKind::Intent];
        let verified = proved.flags().is_user_verified();
        match self.model(registration, asked.metadata, path) {
            Model::Bad => self.lost(Code::AuthenticatorStatusBad, path),
            Model::Unknown => {
                kinds.push(FactKind::AuthenticatorStatusClean);
                if verified {
                    kinds.push(FactKind::UvClaimed);
                }
            }
            Model::Known { certified, hardware, told_by } => {
                kinds.push(FactKind::AuthenticatorStatusClean);
                // Where the key lies, the certificate shows. The rest of the platform's word is no more than a word.
                match told_by {
                    ToldBy::Authenticator => {
                        kinds.extend(verified.then_some(FactKind::UvAttested));
                        kinds.extend(certified.map(FactKind::KeyCertified));
                    }
                    ToldBy::Platform => kinds.extend(verified.then_some(FactKind::UvClaimed)),
                }
                if hardware {
                    kinds.push(FactKind::KeyHardware);
                }
                if !proved.counts() {
                    self.lost(Code::AuthenticatorCounter, path);
                } else if !proved.flags().is_backup_eligible() {
                    kinds.push(FactKind::KeyNonexportable);
                }
            }
        }
        let source = sha256(&[&assertion.authenticator_data, &assertion.signature]);
        let fact = |kind| {
            // Without a trusted attestation its own word is all there is.
            let make = if kind == FactKind::UvClaimed { Fact::claimed } else { Fact::verified };
            make(kind, source, self.received_at)
        };
        let facts = kinds.into_iter().map(fact).collect();
        let road = Road::Webauthn;
        let authenticator = Authenticator { road, facts, age_seconds: None, of_session: false };
        self.made.authenticators.push(authenticator);
    }

    /// What is known of a model today.
    fn model(
        &mut self,
        registration: &Registration,
        metadata: Option<&Metadata>,
        path: &str,
    ) -> Model {
        let (aaguid, attested) = (registration.aaguid(), registration.attested());
        let Some(metadata) = metadata else {
            self.lost(Code::AttestationUntrusted, path);
            return Model::Unknown;
        };
        if !metadata.is_current(self.as_of) {
            self.lost(Code::MetadataNotCurrent, path);
            return Model::Unknown;
        }
        let (firmware, told_by) = match attested {
            webauthn::Attested::Chain { firmware, told_by, .. } => (firmware, told_by),
            webauthn::Attested::Unknown
            | webauthn::Attested::Itself
            | webauthn::Attested::None
            | webauthn::Attested::Unread => (None, ToldBy::Platform),
        };
        let standing = metadata.standing(&aaguid, firmware, self.as_of);
        // Whoever says to be of a bad model is believed.
        if standing == Some(ModelStanding::Bad) {
            return Model::Bad;
        }
        if !metadata.lists(&aaguid, attested) {
            self.lost(Code::AttestationUntrusted, path);
            return Model::Unknown;
        }
        Model::Known {
            certified: standing.and_then(ModelStanding::level).map(Certification::Fido),
            hardware: metadata.is_hardware(&aaguid),
            told_by,
        }
    }

    /// Whether a nonce is that of the presentation, by which its freshness was judged.
    fn is_answer(&self, nonce: &str) -> bool {
        sha256(&[nonce.as_bytes()]) == self.presenter.nonce_digest()
    }

    /// An authenticator on somebody's word; whether it names the verifier to itself, the channel says.
    fn attested(
        &mut self,
        road: Road,
        kinds: &[FactKind],
        (by, source): (&Authorised, Digest),
        since: Option<Timestamp>,
    ) {
        let fact = |kind: &FactKind| Fact::attested(*kind, by, source, self.received_at);
        let mut facts: Vec<Fact> = kinds.iter().map(fact).collect();
        if self.is_channel_bound() {
            facts.push(Fact::verified(FactKind::VerifierBound, source, self.received_at));
        }
        let age_seconds = since.map(|since| self.received_at.seconds_since(since).max(0));
        let authenticator = Authenticator { road, facts, age_seconds, of_session: false };
        self.made.authenticators.push(authenticator);
    }

    /// Assurance §9: the Digital Credentials API names the origin to the wallet, which signs it as audience. An mdoc would sign it in its
    /// session transcript; nothing here reads one.
    fn is_channel_bound(&self) -> bool {
        match self.channel {
            Some(Channel::DcApiSameDevice | Channel::DcApiProximity) => {
                self.presenter.audience().starts_with("origin:https://")
            }
            Some(
                Channel::RedirectSameDevice
                | Channel::DirectPostCrossDevice
                | Channel::MdocProximity,
            )
            | None => false,
        }
    }
}

/// What an event gives; where it lost something is noted.
pub(crate) fn note_event(
    event: &authn_event::Event,
    (metadata, as_of): (Option<&Metadata>, Timestamp),
    path: &str,
    made: &mut Made,
) -> authn_event::Worth {
    for claim in &event.ignored {
        made.findings.push(Finding::new(Code::LevelClaimIgnored, &claim.path));
    }
    made.ignored.extend(event.ignored.iter().cloned());
    let mut worth = worth(event, metadata, as_of);
    for (code, factor) in std::mem::take(&mut worth.lost) {
        let place = factor.map_or_else(|| path.to_owned(), |at| format!("{path}.factors[{at}]"));
        made.findings.push(Finding::new(code, &place));
    }
    worth
}

enum Model {
    /// It may not be relied on for anything.
    Bad,
    /// Nobody who is trusted says which it is.
    Unknown,
    Known {
        certified: Option<Certification>,
        hardware: bool,
        told_by: ToldBy,
    },
}

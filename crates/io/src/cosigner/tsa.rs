//! A timestamp authority as a cosigner (§5.1): its token over the text of the checkpoint is its line.
//!
//! In scope: sending the request of [RFC 3161 §3.4](https://www.rfc-editor.org/rfc/rfc3161#section-3.4). Out of scope: what
//! makes a token good (`inkan-evidence`).

use std::time::Duration;

use inkan_core::{Digest, Timestamp, tolerance};
use inkan_evidence::tsa::{
    ANSWER_LIMIT, ANSWER_MEDIA_TYPE, Anchors, REQUEST_MEDIA_TYPE, TimestampError, TimestampRequest,
};
use inkan_ledger::VerifierKey;
use inkan_ledger::note::{KeyMaterial, SignatureLine};

use super::{CosignError, CosignRequest, Cosigner, Pace};
use crate::http::{PlainHttp, Request, Session, Verb};
use crate::os_rng::OsRng;

/// An authority has this long to answer.
const SECONDS: u64 = 5;
/// How often an authority is asked unless it is said otherwise (§3.3).
const HOUR: Duration = Duration::from_secs(3_600);

/// Where a timestamp authority is, and how it is known.
#[derive(Clone, Debug)]
pub struct TsaAddress {
    /// Its name in the log's policy.
    pub name: String,
    /// Its key in the policy: the digest of the certificate that vouches for it.
    pub key: VerifierKey,
    /// Where it takes requests.
    pub url: String,
    /// Certificates at hand.
    pub anchors: Anchors,
    /// How often it is asked; an hour if it is `None`.
    pub every: Option<Duration>,
}

/// A timestamp authority.
#[derive(Debug)]
pub struct TsaCosigner {
    address: TsaAddress,
    anchor: Digest,
    /// Opened on the thread that asks.
    session: Option<Session>,
}

impl TsaCosigner {
    /// Makes ready to ask; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`CosignError::WrongKey`] if the key is none of a timestamp authority.
    pub fn new(address: TsaAddress) -> Result<Self, CosignError> {
        let KeyMaterial::Tsa(anchor) = address.key.material() else {
            return Err(CosignError::WrongKey { name: address.name });
        };
        let anchor = Digest::from_bytes(*anchor);
        Ok(Self { address, anchor, session: None })
    }
}

impl Cosigner for TsaCosigner {
    fn name(&self) -> &str {
        &self.address.name
    }

    fn key(&self) -> &VerifierKey {
        &self.address.key
    }

    fn pace(&self) -> Pace {
        Pace::Every(self.address.every.unwrap_or(HOUR))
    }

    fn cosign(
        &mut self,
        request: &CosignRequest<'_>,
        now: Timestamp,
    ) -> Result<Vec<SignatureLine>, CosignError> {
        let session = match self.session.take() {
            Some(session) => session,
            // Tokens prove themselves, and most authorities speak plain http.
            None => Session::open(PlainHttp::Anywhere)?,
        };
        let question = TimestampRequest::new(request.note.text().as_bytes(), &mut OsRng);
        let body = question.to_der()?;
        let answer = session.exchange(&Request {
            url: &self.address.url,
            verb: Verb::PostAgain(REQUEST_MEDIA_TYPE, &body),
            accept: ANSWER_MEDIA_TYPE,
            bearer: None,
            size: ANSWER_LIMIT,
            seconds: SECONDS,
        });
        self.session = Some(session);
        let answer = answer?;
        if answer.status != 200 {
            return Err(CosignError::Answer { status: answer.status });
        }
        if answer.media_type.as_deref() != Some(ANSWER_MEDIA_TYPE) {
            return Err(TimestampError::Malformed.into());
        }
        let (signature, stamp) =
            question.accept(&answer.body, &self.anchor, &self.address.anchors)?;
        if stamp.latest > now.plus_seconds(tolerance::LEDGER_FUTURE) {
            // A receipt with it would be refused by everybody (V6).
            return Err(CosignError::NoLine);
        }
        let (name, key_id) = (self.address.key.name().to_owned(), self.address.key.id());
        Ok(vec![SignatureLine { name, key_id, signature }])
    }
}

#[cfg(test)]
mod tests;

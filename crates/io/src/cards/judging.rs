//! What judges the card signatures of one verification: what the profile pinned, and what of revocation the bundle brings.

use inkan_core::encoding;
use inkan_core::json::text;
use inkan_credential::Bundle;
use inkan_evidence::PresentationEvidence;
use inkan_evidence::jpki::{CrlIndex, Jpki, card_signatures, serials, statements};
use inkan_verifier::Verification;

use super::{Cards, CardsError};

/// The most answers of authorities that a bundle brings and that are looked at; what is pinned is always looked at.
const BROUGHT: usize = 16;

impl Cards {
    /// What judges the card signatures in the credentials, and those of logins beside the presentation; nothing if there are none. It knows of
    /// no nonce: [`Jpki::asking`] says what was asked.
    ///
    /// # Errors
    ///
    /// [`CardsError`].
    pub fn judging(
        &self,
        bundle: &Bundle,
        verification: &Verification,
        shown: Option<&PresentationEvidence>,
    ) -> Result<Option<Jpki>, CardsError> {
        let signatures = card_signatures(verification);
        let logins = || shown.into_iter().flat_map(PresentationEvidence::card_signatures);
        if signatures.is_empty() && logins().next().is_none() && statements(verification).is_empty()
        {
            return Ok(None);
        }
        let all = signatures.iter().map(Vec::as_slice).chain(logins());
        let mut jpki = self.judge(&serials(self.config(), all))?;
        // Whatever else travels along takes no place from them.
        let answers = bundle.evidence.iter().filter_map(|item| {
            let kind = text(item, "type");
            let kind = kind.filter(|kind| ["X509OcspResponse", "X509Crl"].contains(kind));
            kind.map(|kind| (kind, item))
        });
        for (kind, item) in answers.take(BROUGHT) {
            let der = text(item, "der").and_then(|der| encoding::decode_b64u(der).ok());
            match (kind, der) {
                ("X509OcspResponse", Some(der)) => jpki = jpki.with_ocsp(&der),
                ("X509Crl", Some(der)) => {
                    // One of another hierarchy says nothing here.
                    if let Ok(list) = CrlIndex::build_under(&der, self.config()) {
                        jpki = jpki.with_crl(list);
                    }
                }
                _ => {}
            }
        }
        for credential in verification.credentials().iter().flatten() {
            if let Some(history) = credential.holder_history() {
                jpki = jpki.with_history(history.clone());
            }
        }
        Ok(Some(jpki))
    }
}

//! Status lists as they are served: signed by their issuer, with whatever key it has now.

use inkan_core::{Timestamp, rng};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::status_list::{StatusListTerms, status_list_credential};
use inkan_io::os_rng::OsRng;

use super::{List, StatusStore};
use crate::credentials::answer::Refusal;
use crate::credentials::issue::unsigned;
use crate::credentials::service::Service;
use crate::credentials::suites::{Issuer, Suite};

/// For how long a signed list is good.
const VALID_SECONDS: i64 = 86_400;
/// A list is signed again after this, though nothing changed.
const RENEW_SECONDS: i64 = 43_200;
/// After how many milliseconds a newer copy should be looked for.
const TTL: u64 = 300_000;

impl StatusStore {
    /// A list as it is served now, signed; none if there is no such list, or no key any more that may sign it.
    pub(crate) fn served(&self, service: &Service, uri: &str) -> Result<Option<String>, Refusal> {
        let Some(number) = self.number(uri) else { return Ok(None) };
        let now = service.now();
        let issuers = service.issuers()?;
        let mut lists = self.lists();
        let Some(list) = lists.all.get_mut(number) else { return Ok(None) };
        let Some((issuer, suite)) = signer(&issuers, list) else { return Ok(None) };
        if let Some((at, method, body)) = &list.signed
            && (0..RENEW_SECONDS).contains(&now.seconds_since(*at))
            && *method == issuer.method
        {
            return Ok(Some(body.clone()));
        }
        let body = signed(service, (uri, list), (issuer, suite), now)?;
        list.signed = Some((now, issuer.method.clone(), body.clone()));
        Ok(Some(body))
    }

    /// Whether anybody here may sign this list: what is written into it is else seen by nobody.
    pub(super) fn is_signed_here(&self, service: &Service, number: usize) -> Result<bool, Refusal> {
        let issuers = service.issuers()?;
        let lists = self.lists();
        Ok(lists.all.get(number).is_some_and(|list| signer(&issuers, list).is_some()))
    }
}

/// Whose key signs a list, and by which suite: any key of its issuer, wherever that DID is named among those of this server. The suite that
/// the list was begun for, if there is a key for it still; else one like it.
fn signer<'a>(issuers: &'a [Issuer], list: &List) -> Option<(&'a Issuer, Suite)> {
    let first = list.suite.whole()?;
    let is_rdfc = |suite: Suite| suite.cryptosuite().map(|suite| suite.is_rdfc());
    let alike = |suite: &Suite| suite.whole() == Some(*suite) && is_rdfc(*suite) == is_rdfc(first);
    let own = || issuers.iter().filter(|issuer| issuer.did == list.issuer);
    let mut suites = std::iter::once(first).chain(Suite::ALL.into_iter().filter(alike));
    suites.find_map(|suite| {
        let mut fitting = own().filter(|issuer| suite.signs_with(issuer.key.key_type()));
        fitting.next().map(|issuer| (issuer, suite))
    })
}

fn signed(
    service: &Service,
    (uri, list): (&str, &List),
    (issuer, suite): (&Issuer, Suite),
    now: Timestamp,
) -> Result<String, Refusal> {
    let terms = StatusListTerms {
        uri,
        issuer: &issuer.did,
        purpose: list.purpose,
        valid_from: now,
        valid_until: now.plus_seconds(VALID_SECONDS),
        ttl_milliseconds: Some(TTL),
    };
    let unsigned_list = status_list_credential(&terms, &list.bits).map_err(|_| Refusal::fault())?;
    let secured = match suite.cryptosuite() {
        None => sign::issue_jose(unsigned_list, &issuer.method, &*issuer.key),
        Some(suite) => {
            let id = rng::draw_uuid_urn(&mut OsRng);
            let proof = ProofTerms {
                id: Some(&id),
                created: Some(now),
                ..ProofTerms::new(suite, &issuer.method)
            };
            sign::secure_di(unsigned_list, &proof, &*issuer.key, service.contexts())
        }
    };
    Ok(secured.map_err(unsigned)?.to_bare())
}

//! What is asked of a wallet so that a refusal may become an acceptance: a request of
//! [OpenID4VP 1.0](https://openid.net/specs/openid-4-verifiable-presentations-1_0.html).
//!
//! In scope: which credentials and claims are asked for (DCQL, §6 and Appendix B), and the parameters around that (§5, §8.2, Appendix A).
//! Out of scope: drawing the nonce and signing, which are the caller's; judging what comes back, which is judged as anything else is.
//!
//! A report holds the question alone: it says the same of the same input, and a nonce counts once.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::policy::{Policy, Requirement};

/// What every credential is, by its context.
const ANY: [&str; 2] =
    ["https://www.w3.org/2018/credentials#VerifiableCredential", "VerifiableCredential"];
/// Where the contexts of our own credentials put types that no other context defines.
const UNDEFINED: &str = "https://www.w3.org/ns/credentials/undefined-term#";
/// What is read in proofs.
const SUITES: [&str; 6] = [
    "eddsa-jcs-2022",
    "eddsa-rdfc-2022",
    "ecdsa-jcs-2019",
    "ecdsa-rdfc-2019",
    "ecdsa-sd-2023",
    "bbs-2023",
];
/// What is read in JOSE headers. `EdDSA` leaves its curve open, and stands in most credentials all the same.
const ALGORITHMS: [&str; 5] = ["ES256", "ES384", "ES512", "Ed25519", "EdDSA"];
/// To whom signed requests are made out where wallets have no metadata of their own (§5.8).
const WALLETS: &str = "https://self-issued.me/v2";

/// Which credentials are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Each is enough; none if a credential of any type is.
    types: BTreeSet<Vec<String>>,
    /// Claims that the policy wants to count.
    claims: BTreeSet<String>,
}

impl Query {
    /// What `policy` asks for; of any type, what was `shown` by issuers that it trusts, by the types of each credential.
    pub(crate) fn of(policy: &Policy, shown: impl Iterator<Item = Vec<String>>) -> Self {
        let listed = policy.listed_types().iter().map(|one| vec![one.clone()]);
        let mut types: BTreeSet<Vec<String>> = listed.collect();
        if types.is_empty() {
            types.extend(shown.filter(|types| !types.is_empty()));
        }
        let mut claims = BTreeSet::new();
        if let Some(assurance) = &policy.assurance {
            claims_of(&assurance.requires, &mut claims);
        }
        Self { types, claims }
    }

    /// The DCQL query: the same in each format, and one of them is enough.
    pub(crate) fn to_value(&self) -> Value {
        let types = json!({ "type_values": self.type_values() });
        let mut asked = vec![self.one("ldp_vc", "ldp_vc", &types, &["credentialSubject"])];
        let names: BTreeSet<&String> = self.types.iter().flatten().collect();
        // A query of this format names types, and without one nothing can be asked in it.
        if !names.is_empty() {
            asked.push(self.one("dc_sd-jwt", "dc+sd-jwt", &json!({ "vct_values": names }), &[]));
        }
        let options: Vec<Value> = asked.iter().map(|one| json!([one.get("id")])).collect();
        json!({ "credentials": asked, "credential_sets": [{ "options": options }] })
    }

    fn one(&self, id: &str, format: &str, meta: &Value, under: &[&str]) -> Value {
        let mut out = json!({ "id": id, "format": format, "meta": meta });
        let path = |name: &String| {
            let path: Vec<&str> = under.iter().copied().chain([name.as_str()]).collect();
            json!({ "path": path })
        };
        let claims: Vec<Value> = self.claims.iter().map(path).collect();
        if let (Value::Object(members), false) = (&mut out, claims.is_empty()) {
            members.insert("claims".to_owned(), claims.into());
        }
        out
    }

    /// Alternatives in expanded form (Appendix B.1.1): a type that no context defines is itself, or has the name that our own
    /// context gives it.
    fn type_values(&self) -> Vec<Vec<String>> {
        if self.types.is_empty() {
            return ANY.iter().map(|one| vec![(*one).to_owned()]).collect();
        }
        let expanded = |name: &String| {
            if name.contains(':') { name.clone() } else { format!("{UNDEFINED}{name}") }
        };
        let mut out = Vec::new();
        for types in &self.types {
            let ours: Vec<String> = types.iter().map(expanded).collect();
            out.push(types.clone());
            if ours != *types {
                out.push(ours);
            }
        }
        out
    }
}

/// The claims that identity levels are asked of, however deep.
fn claims_of(requirement: &Requirement, out: &mut BTreeSet<String>) {
    match requirement {
        Requirement::AllOf(parts) | Requirement::AnyOf(parts) => {
            parts.iter().for_each(|part| claims_of(part, out));
        }
        Requirement::Ial(leaf) => out.extend(leaf.claims.iter().flatten().cloned()),
        Requirement::Aal(_) | Requirement::Link(_) | Requirement::Trust(_) => {}
    }
}

/// Where the answer goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplyTo<'a> {
    /// To this URL, by HTTP POST (`direct_post`, §8.2).
    Post(&'a str),
    /// To a page of this origin, through the browser (Digital Credentials API, Appendix A).
    Page(&'a str),
}

/// A request for a presentation, complete but for a signature.
#[derive(Clone, Debug)]
pub struct PresentationRequest {
    audience: String,
    parameters: Map<String, Value>,
    is_signed: bool,
    by_browser: bool,
}

impl PresentationRequest {
    /// Asks for what `query` names ([`Report::query`](crate::Report::query)), in answer to a fresh `nonce`. `signer` is the DID whose key is
    /// going to sign it; without one, the wallet knows whoever asks by the address of the answer alone.
    #[must_use]
    pub fn of(query: Value, reply: ReplyTo<'_>, signer: Option<&str>, nonce: &str) -> Self {
        let mut parameters = Map::new();
        let mut set = |name: &str, value: Value| drop(parameters.insert(name.to_owned(), value));
        let own = signer.map(|did| format!("decentralized_identifier:{did}"));
        // Unsigned requests over the browser name nobody (Appendix A.2).
        let client = match reply {
            ReplyTo::Post(url) => Some(own.unwrap_or_else(|| format!("redirect_uri:{url}"))),
            ReplyTo::Page(_) => own,
        };
        let audience = match reply {
            ReplyTo::Post(_) => client.clone().unwrap_or_default(),
            ReplyTo::Page(origin) => format!("origin:{origin}"),
        };
        if let Some(client) = client {
            set("client_id", client.into());
        }
        set("response_type", "vp_token".into());
        match reply {
            ReplyTo::Post(url) => {
                set("response_mode", "direct_post".into());
                set("response_uri", url.into());
            }
            ReplyTo::Page(origin) => {
                set("response_mode", "dc_api".into());
                if signer.is_some() {
                    set("expected_origins", json!([origin]));
                }
            }
        }
        if signer.is_some() {
            set("aud", WALLETS.into());
        }
        set("nonce", nonce.into());
        set("dcql_query", query);
        set("client_metadata", metadata());
        let by_browser = matches!(reply, ReplyTo::Page(_));
        Self { audience, parameters, is_signed: signer.is_some(), by_browser }
    }

    /// Whom the presentation has to be made out to.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The parameters of an unsigned request, or the claims of the Request Object to sign.
    #[must_use]
    pub const fn parameters(&self) -> &Map<String, Value> {
        &self.parameters
    }

    /// The header of the Request Object ([RFC 9101](https://www.rfc-editor.org/rfc/rfc9101)), signed with the key at `method`, a DID URL.
    #[must_use]
    pub fn header(method: &str) -> Map<String, Value> {
        let members = [("typ", "oauth-authz-req+jwt"), ("kid", method)];
        members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    /// What a page hands to the browser, once the request is signed if it is to be; `None` for one that is answered by HTTP POST.
    #[must_use]
    pub fn digital(&self, signed: Option<&str>) -> Option<Value> {
        if !self.by_browser || signed.is_some() != self.is_signed {
            return None;
        }
        Some(match signed {
            Some(object) => {
                json!({ "protocol": "openid4vp-v1-signed", "data": { "request": object } })
            }
            None => json!({ "protocol": "openid4vp-v1-unsigned", "data": self.parameters }),
        })
    }

    /// A link that opens a wallet, once the request is signed if it is to be; `None` for one that a browser is handed.
    #[must_use]
    pub fn link(&self, signed: Option<&str>) -> Option<String> {
        if self.by_browser || signed.is_some() != self.is_signed {
            return None;
        }
        let mut link = String::from("openid4vp://?");
        let mut add = |name: &str, value: &str| {
            let and = if link.ends_with('?') { "" } else { "&" };
            let _ = write!(link, "{and}{name}={}", percent_encoded(value));
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match signed {
            Some(object) => {
                if let Some(client) = self.parameters.get("client_id") {
                    add("client_id", &text(client));
                }
                add("request", object);
            }
            None => self.parameters.iter().for_each(|(name, value)| add(name, &text(value))),
        }
        Some(link)
    }
}

/// What this verifier reads (§11.1, Appendix B).
fn metadata() -> Value {
    json!({ "vp_formats_supported": {
        "ldp_vc": { "proof_type_values": ["DataIntegrityProof"], "cryptosuite_values": SUITES },
        "dc+sd-jwt": { "sd-jwt_alg_values": ALGORITHMS, "kb-jwt_alg_values": ALGORITHMS },
    } })
}

/// As forms write it, but for spaces, of which there is no `+`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;

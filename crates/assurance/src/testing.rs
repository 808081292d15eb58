//! Baselines for tests (assurance §15), as plain JSON that goes through the real fact making.

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_core::codes::CodeBook;
use inkan_evidence::insecure::{TestCredential, TestHolder, facts};
use inkan_evidence::{Facts, Liveness, Registry};
use inkan_verifier::{Check, CheckName, Reason, Weight};
use serde_json::{Value, json};

use crate::assess::{AssessContext, assess_seen};
use crate::catalogue::Catalogue;
use crate::policy::Policy;
use crate::report::Report;
use crate::seen::{Seen, SeenCredential, SeenRecord};

pub(crate) mod seen;

pub(crate) const ISSUER: &str = "did:web:kyc.example";
pub(crate) const HOLDER: &str = seen::SUBJECT;
pub(crate) const KEY: &str = "holder-thumbprint";

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

/// One situation: what was verified, who is trusted, and which policy asks.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) registry: Value,
    pub(crate) credentials: Vec<Value>,
    pub(crate) keys: Vec<&'static str>,
    pub(crate) existed_by: Option<Timestamp>,
    pub(crate) holder: Option<TestHolder>,
    pub(crate) policy: Value,
    pub(crate) as_of: Timestamp,
    /// Why the credentials failed verification: revoked, or else what could not be told.
    pub(crate) failed: Option<Reason>,
    pub(crate) record: Option<SeenRecord>,
    /// Since when a status list has said that all is well.
    pub(crate) status: Option<Timestamp>,
    pub(crate) catalogue: Catalogue,
}

impl World {
    /// A baseline: credential valid, holder proof good, proofer authorised, disputed levels accepted.
    pub(crate) fn of(evidence: Value) -> Self {
        Self {
            registry: registry(),
            credentials: vec![credential(evidence)],
            keys: vec![KEY],
            existed_by: None,
            holder: Some(TestHolder {
                did: HOLDER.to_owned(),
                jkt: KEY.to_owned(),
                liveness: Liveness::Live,
                age_seconds: 41,
            }),
            policy: policy(&json!({"ial": {"min": "IAL-1", "disputed": "accept"}})),
            as_of: at("2026-11-21T12:00:00Z"),
            failed: None,
            record: None,
            status: None,
            catalogue: Catalogue::builtin().unwrap(),
        }
    }

    pub(crate) fn asking(mut self, requires: &Value) -> Self {
        self.policy = policy(requires);
        self
    }

    pub(crate) fn evidence(&mut self) -> &mut Value {
        &mut self.credentials[0]["evidence"][0]
    }

    pub(crate) fn item(&mut self) -> &mut Value {
        &mut self.evidence()["evidence"][0]
    }

    pub(crate) fn entry(&mut self) -> &mut Value {
        &mut self.registry["entries"][0]
    }

    pub(crate) fn facts(&self) -> Facts {
        let registries = [Registry::from_value(&self.registry).unwrap()];
        let credentials: Vec<Option<TestCredential>> = self
            .credentials
            .iter()
            .enumerate()
            .map(|(position, value)| {
                self.failed.is_none().then(|| TestCredential {
                    value: value.clone(),
                    issuer: value["issuer"].as_str().unwrap().to_owned(),
                    holder_jkts: vec![self.keys[position].to_owned()],
                    former_jkts: vec![self.keys[position].to_owned(), "old".to_owned()],
                    existed_by: self.existed_by,
                    digest_of: format!("credential {position}"),
                })
            })
            .collect();
        facts(&credentials, self.holder.as_ref(), &registries, self.as_of)
    }

    pub(crate) fn seen(&self) -> Seen {
        let types = |value: &Value| {
            let list = value["type"].as_array().unwrap().iter();
            let names = list.map(|kind| kind.as_str().unwrap().to_owned());
            names.filter(|kind| kind != "VerifiableCredential").collect()
        };
        let check = self.failed.clone().map(|reason| {
            if matches!(reason, Reason::Revoked { .. }) {
                Check::fail(CheckName::Status, "cred[0]", reason)
            } else {
                Check::unknown(CheckName::Status, "cred[0]", reason, Weight::Required)
            }
        });
        Seen {
            as_of: self.as_of,
            received_at: self.as_of,
            checks: Arc::new(check.into_iter().collect()),
            credentials: self
                .credentials
                .iter()
                .map(|value| {
                    self.failed.is_none().then(|| SeenCredential {
                        issuer: value["issuer"].as_str().unwrap().to_owned(),
                        subject: value["credentialSubject"]["id"].as_str().map(str::to_owned),
                        types: types(value),
                        valid_from: Some(at("2026-03-01T12:00:00Z")),
                        record: self.record.clone(),
                        status: self.status,
                        acts: vec![],
                        offer: vec![],
                        proofs: vec![],
                    })
                })
                .collect(),
        }
    }

    pub(crate) fn report(&self) -> Report {
        self.report_on(&self.facts())
    }

    pub(crate) fn report_on(&self, facts: &Facts) -> Report {
        let policy = Policy::from_value(&self.policy).unwrap();
        let registries = [Registry::from_value(&self.registry).unwrap()];
        let (catalogue, codes) = (&self.catalogue, codes());
        let context = AssessContext { registries: &registries, catalogue, codes: &codes };
        assess_seen(&self.seen(), facts, &policy, &context)
    }
}

/// The exit codes that these tests assert.
pub(crate) fn codes() -> CodeBook {
    let known = [
        ("credential-revoked", 12),
        ("issuer-not-trusted", 14),
        ("nonce-invalid", 16),
        ("presentation-stale", 16),
        ("holder-key-mismatch", 16),
        ("holder-not-linked", 16),
        ("countersignature-missing", 16),
        ("countersignature-withdrawn", 16),
        ("countersignature-refused", 16),
        ("status-list-missing", 19),
    ];
    let entries: Vec<Value> = known
        .iter()
        .enumerate()
        .map(|(number, (code, exit))| {
            json!({"code": code, "number": format!("INK-{number}"), "exit": exit,
                   "title": "", "remedy": "", "retry": false})
        })
        .collect();
    CodeBook::parse(&json!({"type": "inkan-codes/1", "codes": entries}).to_string()).unwrap()
}

pub(crate) fn policy(requires: &Value) -> Value {
    json!({
        "type": "inkan-policy/1", "id": "test", "version": "1",
        "issuers": "any", "credentialTypes": "optional",
        "assurance": {"framework": "jp-swg-2022", "requires": requires},
    })
}

pub(crate) fn registry() -> Value {
    json!({
        "type": "inkan-registry/1", "id": "local", "sequence": 1,
        "issuedAt": "2026-01-01T00:00:00Z",
        "entries": [{
            "id": ISSUER,
            "roles": ["root_identity_issuer", "identity_proofer", "revocation_checker"],
            "rows": ["R1", "R2a", "R2b", "R3", "R4", "R5", "R6", "R7", "R8"],
            "anchorTypes": ["MyNumberCard"],
            "issues": ["MyNumberCard", "Badge"],
            "countersigns": ["notary"],
            "status": "active",
        }],
    })
}

pub(crate) fn credential(evidence: Value) -> Value {
    json!({
        "type": ["VerifiableCredential", "MyNumberCard"],
        "issuer": ISSUER,
        "validFrom": "2026-03-01T12:00:00Z",
        "credentialSubject": {"id": HOLDER, "birthdate": "1990-04-01", "family_name": "佐藤"},
        "evidence": [evidence],
    })
}

/// Proofing evidence around one item.
pub(crate) fn event(presence: &str, agent: &str, item: Value) -> Value {
    json!({
        "type": ["Evidence", "IdentityProofingEvidence"],
        "id": "urn:uuid:1", "verificationProcess": "urn:uuid:2",
        "time": "2026-03-01T10:22:31Z",
        "proofer": {"id": ISSUER, "agent": agent},
        "subject": {"holder": HOLDER, "jkt": KEY, "boundBy": "same_session"},
        "session": {"presence": presence},
        "evidence": [item],
    })
}

pub(crate) fn document(kind: &str, checks: &[Value]) -> Value {
    json!({
        "type": "document",
        "documentDetails": {"type": kind},
        "checkDetails": checks,
    })
}

pub(crate) fn check(method: &str) -> Value {
    json!({"checkMethod": method, "result": "pass"})
}

pub(crate) fn live_face() -> Value {
    json!({"checkMethod": "bvr", "result": "pass", "checkId": "face-1",
           "live": true, "pad": "iso30107-3:L2", "injection": true})
}

pub(crate) fn signature(certificate: &str, oid: &str, revocation: &str) -> Value {
    json!({
        "type": "electronic_signature",
        "documentDetails": {"type": "jpki_certificate"},
        "checkDetails": [{
            "checkMethod": "esig", "result": "pass", "certificate": certificate,
            "policyOid": oid, "statementSha256": "ab".repeat(32),
        }],
        "revocation": {"status": revocation, "checkedBy": ISSUER, "checkedAt": "2026-03-01T10:22:00Z"},
    })
}

pub(crate) const SIGNING: &str = "1.2.392.200149.8.5.1.1.20";
pub(crate) const LOGIN: &str = "1.2.392.200149.8.5.1.3.30";

pub(crate) fn r1() -> Value {
    event("in_person", "official", document("passport", &[check("vpip"), check("pvp")]))
}

pub(crate) fn r2a() -> Value {
    let mut item = document("jp_individual_number_card", &[check("vcrypt"), check("pvp")]);
    item["revocation"] = json!({"status": "good", "checkedBy": ISSUER});
    event("in_person", "trained", item)
}

pub(crate) fn r2b() -> Value {
    event("remote", "automated", signature("signing", SIGNING, "good"))
}

pub(crate) fn r3() -> Value {
    event("in_person", "qualified", document("jp_drivers_license", &[check("vpip"), check("pvp")]))
}

pub(crate) fn r4() -> Value {
    let checks = [check("vri"), check("docpad"), live_face()];
    event("remote", "automated", document("jp_drivers_license", &checks))
}

pub(crate) fn r5() -> Value {
    let mut out = event("remote", "trained", document("jp_drivers_license", &[check("vri")]));
    out["session"]["stages"] = json!([
        {"k": "online", "time": "2026-03-01T10:22:31Z"},
        {"k": "in_person_check", "time": "2026-03-06T10:00:00Z", "result": "pass", "activates": "card"},
    ]);
    out
}

pub(crate) fn r6() -> Value {
    event("remote", "automated", signature("user_authentication", LOGIN, "good"))
}

pub(crate) fn r7() -> Value {
    event("remote", "automated", document("jp_drivers_license", &[check("vri")]))
}

pub(crate) fn r8() -> Value {
    event("remote", "automated", document("email", &[check("code")]))
}

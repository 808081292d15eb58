//! A verifier's desk: somebody presents, something is shown beside it, a report comes out.

use std::collections::BTreeSet;

use inkan_assurance::{AssessContext, Catalogue, Decision, Policy, Report, assess};
use inkan_core::Timestamp;
use inkan_core::codes::CodeBook;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::presentation::{self, PresentationTerms};
use inkan_credential::token_status_list::StatusListToken;
use inkan_credential::{Presentation, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_evidence::metadata::{Metadata, Pinned};
use inkan_evidence::webauthn::registration::Beside;
use inkan_evidence::webauthn::{Registration, RegistrationResponse, Site, challenge, register};
use inkan_evidence::{Asked, AtHand, PresentationEvidence, Registry, Remember, facts_with};
use inkan_io::gather::from_bundle;
use inkan_tests::made::{Party, moment};
use inkan_tests::soft_authenticator::{
    METADATA_HOST, MetadataSigner, PAGE, Page, RP_ID, SoftAuthenticator,
};
use inkan_tests::{read_text, schemas};
use inkan_verifier::{Context, Expectation, Live, Receipts, Verification, verify};
use serde_json::{Value, json};

pub(super) const AUDIENCE: &str = "origin:https://bank.example";
pub(super) const NONCE: &str = "kX0dPz4n6h8mWq2R5tY7uA";
pub(super) const EARLIER: &str = "c2Vjb25kLW5vbmNlLW9mLXR3bw";

pub(super) struct Desk {
    pub(super) issuer: Party,
    pub(super) holder: Party,
    pub(super) credential: SecuredCredential,
    pub(super) presentation: Presentation,
    pub(super) registry: Value,
    pub(super) shown: Value,
    pub(super) registrations: Vec<Registration>,
    pub(super) metadata: Option<Metadata>,
    pub(super) status_lists: Vec<StatusListToken>,
    pub(super) used_events: BTreeSet<String>,
    pub(super) live: Live,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with_statement(None)
    }

    /// A credential whose issuer states this of its holder's key.
    pub(super) fn with_statement(statement: Option<&dyn Fn(&Party) -> Value>) -> Self {
        let rng = &mut SeededRng::new(21);
        let (issuer, holder) = (Party::new(KeyType::Ed25519, rng), Party::new(KeyType::P256, rng));
        let mut credential = issuer.plain_credential(&holder.did);
        if let Some(statement) = statement {
            credential["keyStatement"] = statement(&holder);
        }
        let credential = issuer.secure_di(credential);
        let presentation = present(&holder, &credential, NONCE);
        let registry = json!({
            "type": "inkan-registry/1", "id": "local", "sequence": 1,
            "issuedAt": "2026-01-01T00:00:00Z", "entries": [],
        });
        Self {
            issuer,
            holder,
            credential,
            presentation,
            registry,
            shown: json!({ "channel": "dc_api_same_device", "authenticator": [] }),
            registrations: Vec::new(),
            metadata: None,
            status_lists: Vec::new(),
            used_events: BTreeSet::new(),
            live: Live::Yes,
        }
    }

    pub(super) fn jkt(&self) -> String {
        self.holder.public_key().thumbprint()
    }

    pub(super) fn trust(&mut self, entry: Value) {
        self.registry["entries"].as_array_mut().unwrap().push(entry);
    }

    pub(super) fn show(&mut self, answer: Value) {
        self.shown["authenticator"].as_array_mut().unwrap().push(answer);
    }

    pub(super) fn verified(&self, presentation: &Presentation, nonce: &str) -> Verification {
        let bundle = Bundle::of(Artefact::Presentation(presentation.clone()));
        let context = Context {
            logs: vec![],
            grade: inkan_ledger::Grade::Operator,
            timestamps: None,
            certificates: None,
            receipts: Receipts::Used,
            expectation: Some(Expectation {
                nonce: nonce.to_owned(),
                audience: AUDIENCE.to_owned(),
                nonce_issued_at: Some(moment()),
                live: self.live,
            }),
            max_age: None,
            declared: std::sync::Arc::default(),
            known: Vec::new(),
            as_of: now(),
            received_at: now(),
        };
        verify(&bundle, &from_bundle(&bundle), &context)
    }

    /// Registers an authenticator beside a presentation of its own.
    pub(super) fn register(&mut self, authenticator: &SoftAuthenticator) {
        let first = present(&self.holder, &self.credential, EARLIER);
        let verification = self.verified(&first, EARLIER);
        let asked = challenge(EARLIER, &first.digest());
        let (client_data, object) = authenticator.create(&Page::of(&asked));
        let response =
            RegistrationResponse { client_data: &client_data, attestation_object: &object };
        let beside = Beside {
            presenter: verification.presenter().expect("a presenter"),
            nonce: EARLIER,
            site: &site(),
            metadata: self.metadata.as_ref(),
            at: now(),
        };
        let made = register(&response, &beside).expect("a registration");
        // As the verifier keeps it.
        let kept = made.to_value().to_string();
        assert_eq!(Registration::parse(kept.as_bytes()).as_ref(), Ok(&made));
        self.registrations.push(made);
    }

    pub(super) fn judged(&self, requires: &Value) -> (Report, Remember) {
        self.judged_after(&self.verified(&self.presentation, NONCE), requires)
    }

    pub(super) fn judged_after(
        &self,
        verification: &Verification,
        requires: &Value,
    ) -> (Report, Remember) {
        let shown = PresentationEvidence::parse(self.shown.to_string().as_bytes()).expect("shown");
        let registries = [Registry::from_value(&self.registry).expect("a registry")];
        let asked = Asked {
            shown: &shown,
            nonce: NONCE,
            site: Some(&site()),
            registrations: &self.registrations,
            metadata: self.metadata.as_ref(),
            status_lists: &self.status_lists,
            used_events: &self.used_events,
        };
        let (facts, remember) = facts_with(
            verification,
            &registries,
            &AtHand { asked: Some(&asked), ..AtHand::default() },
        );
        let policy = json!({
            "type": "inkan-policy/1", "id": "test", "version": "1",
            "issuers": "any", "credentialTypes": "optional",
            "assurance": { "framework": "jp-swg-2022", "requires": { "aal": requires } },
        });
        let policy = Policy::from_value(&policy).expect("a policy");
        let (catalogue, codes) = (Catalogue::builtin().expect("a catalogue"), codes());
        let context =
            AssessContext { registries: &registries, catalogue: &catalogue, codes: &codes };
        (assess(verification, &facts, &policy, &context), remember)
    }

    /// The baseline is accepted at this level, under a policy that asks for it.
    pub(super) fn accepted(&self, level: &str) -> Remember {
        let (report, remember) = self.judged(&json!({ "min": level }));
        assert_eq!(report.decision(), Decision::Accept, "{:#}", report.to_value());
        assert_eq!(report.levels().achieved_authentication, level);
        remember
    }

    /// Refused at this level, which is the one reached, with this code among the findings.
    pub(super) fn capped(&self, asked: &str, reached: &str, code: &str) -> Report {
        let (report, _) = self.judged(&json!({ "min": asked }));
        let value = format!("{:#}", report.to_value());
        assert_ne!(report.decision(), Decision::Accept, "{value}");
        assert_eq!(report.levels().achieved_authentication, reached, "{value}");
        assert!(value.contains(&format!("\"{code}\"")), "no {code}: {value}");
        report
    }
}

/// A minute after everything was made.
pub(super) fn now() -> Timestamp {
    moment().plus_seconds(60)
}

pub(super) fn site() -> Site {
    Site { rp_id: RP_ID.to_owned(), origins: vec![PAGE.to_owned()] }
}

pub(super) fn present(holder: &Party, credential: &SecuredCredential, nonce: &str) -> Presentation {
    let terms = PresentationTerms {
        holder: &holder.did,
        method: &holder.method,
        nonce,
        audience: AUDIENCE,
        created: moment(),
    };
    presentation::present_di(std::slice::from_ref(credential), &terms, &holder.key)
        .expect("a presentation")
}

/// What a signer of metadata says, read as the pinned one's.
pub(super) fn read_metadata(signer: &MetadataSigner, payload: &Value) -> Metadata {
    let pinned = Pinned { root: signer.root.clone(), host: METADATA_HOST.to_owned(), newest: 7 };
    Metadata::parse(&signer.sign(payload), &pinned, now()).expect("metadata")
}

fn codes() -> CodeBook {
    CodeBook::parse(&read_text(&schemas().join("codes.json"))).expect("the catalogue")
}

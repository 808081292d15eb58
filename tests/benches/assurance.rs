//! What assurance adds once the cryptography is done: an assessment of three credentials, a WebAuthn assertion beside the one
//! signature check in it, and a person's card whose certificates stand on lists of revoked ones.

#[path = "../tests/support/card.rs"]
#[expect(dead_code, reason = "attacks are for the tests")]
mod card;
#[path = "../tests/aal/desk.rs"]
#[expect(dead_code, reason = "levels and attacks are for the tests")]
mod desk;

use criterion::{Criterion, criterion_group, criterion_main};
use inkan_assurance::{AssessContext, Catalogue, Decision, Policy, assess};
use inkan_core::codes::CodeBook;
use inkan_core::encoding::decode_b64u;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::SecuredCredential;
use inkan_credential::presentation::{self, PresentationTerms};
use inkan_crypto::{KeyType, Signer};
use inkan_evidence::webauthn::{self, Assertion, challenge};
use inkan_evidence::{AtHand, Facts, Registry, facts_with};
use inkan_tests::bench::{ratio, within};
use inkan_tests::made::{Party, moment};
use inkan_tests::soft_authenticator::{Page, Shows, SoftAuthenticator};
use inkan_tests::{read_text, schemas};
use serde_json::{Value, json};

use desk::{AUDIENCE, Desk, NONCE};

/// Microseconds for an assessment after cryptography.
const ASSESS: f64 = 20.0;
/// An assertion, in checks of its signature.
const ASSERTION: f64 = 1.5;
/// Microseconds for the path of a card's certificate, with lists at hand.
const PATH: f64 = 5_000.0;

fn assessment(criterion: &mut Criterion) {
    let rng = &mut SeededRng::new(61);
    let holder = Party::new(KeyType::Ed25519, rng);
    let issuers: Vec<Party> = (0..3).map(|_| Party::new(KeyType::Ed25519, rng)).collect();
    let credentials: Vec<SecuredCredential> = issuers
        .iter()
        .map(|issuer| {
            let mut credential = issuer.plain_credential(&holder.did);
            credential["evidence"] = json!([event(issuer, &holder)]);
            issuer.secure_di(credential)
        })
        .collect();
    let terms = PresentationTerms {
        holder: &holder.did,
        method: &holder.method,
        nonce: NONCE,
        audience: AUDIENCE,
        created: moment(),
    };
    let presented = presentation::present_di(&credentials, &terms, &holder.key);
    let verification = Desk::new().verified(&presented.expect("a presentation"), NONCE);
    let entries: Vec<Value> = issuers
        .iter()
        .map(|issuer| {
            json!({ "id": issuer.did, "roles": ["identity_proofer"], "rows": ["R1", "R2a", "R3", "R6", "R7", "R8"], "status": "active" })
        })
        .collect();
    let registry = json!({
        "type": "inkan-registry/1", "id": "local", "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "entries": entries,
    });
    let registries = [Registry::from_value(&registry).expect("a registry")];
    let (facts, _) = facts_with(&verification, &registries, &AtHand::default());
    let policy = json!({
        "type": "inkan-policy/1", "id": "bench", "version": "1", "issuers": "any", "credentialTypes": "optional",
        "assurance": {
            "framework": "jp-swg-2022",
            "requires": { "allOf": [{ "ial": { "min": "IAL-1" } }, { "aal": { "min": "AAL-1" } }] },
        },
    });
    let policy = Policy::from_value(&policy).expect("a policy");
    let catalogue = Catalogue::builtin().expect("a catalogue");
    let codes = CodeBook::parse(&read_text(&schemas().join("codes.json"))).expect("codes");
    let context = AssessContext { registries: &registries, catalogue: &catalogue, codes: &codes };
    let judged = || assess(&verification, &facts, &policy, &context);
    assert_eq!(facts.credentials().iter().flatten().count(), 3);
    println!("facts: {} about 3 credentials, {:?}", count(&facts), judged().decision());
    criterion.bench_function("assess: 3 credentials", |bench| bench.iter(judged));
    within("assess 3 credentials after cryptography", ASSESS, judged);
}

/// Somebody looked at four documents of the holder's.
fn event(issuer: &Party, holder: &Party) -> Value {
    let document = |kind: &str| {
        json!({
            "type": "document", "documentDetails": { "type": kind, "dateOfExpiry": "2029-05-12" },
            "checkDetails": [{ "checkMethod": "vri", "checkId": kind, "time": moment().to_string(), "result": "pass" }],
        })
    };
    let kinds =
        ["jp_drivers_license", "jp_individual_number_card", "passport", "jp_health_insurance_card"];
    json!({
        "type": ["Evidence", "IdentityProofingEvidence"], "verificationProcess": "p", "time": moment().to_string(),
        "proofer": { "id": issuer.did, "agent": "trained" },
        "subject": { "holder": holder.did, "jkt": holder.public_key().thumbprint() },
        "session": { "presence": "in_person" },
        "evidence": kinds.map(document),
    })
}

/// Facts about whatever was shown.
fn count(facts: &Facts) -> usize {
    let of_credentials = facts.credentials().iter().flatten().map(|credential| {
        let of_events = credential.events().iter().flat_map(|event| event.items());
        credential.facts().len() + of_events.map(|item| item.facts().len()).sum::<usize>()
    });
    let of_holder = facts.holder().map_or(0, |holder| holder.facts().len());
    of_credentials.sum::<usize>() + of_holder
}

fn assertion(criterion: &mut Criterion) {
    let mut desk = Desk::new();
    let mut authenticator = SoftAuthenticator::new(Shows::Nothing);
    desk.register(&authenticator);
    let asked = challenge(NONCE, &desk.presentation.digest());
    let answer = authenticator.get(&Page::of(&asked));
    let bytes = |name: &str| {
        decode_b64u(answer["response"][name].as_str().expect("text")).expect("base64url")
    };
    let given = Assertion {
        credential_id: authenticator.credential_id.clone(),
        client_data: bytes("clientDataJSON"),
        authenticator_data: bytes("authenticatorData"),
        signature: bytes("signature"),
    };
    let (registration, site) = (&desk.registrations[0], desk::site());
    let check = || webauthn::verify(&given, registration, &asked, &site).expect("an answer");
    let message = [7_u8; 69];
    let signature = authenticator.key.sign(&message).expect("a signature");
    let key = authenticator.key.public_key();
    let raw = || key.verify(&message, &signature).expect("a valid signature");
    criterion.bench_function("webauthn: verify", |bench| bench.iter(check));
    ratio("webauthn: verify / raw check", Some(ASSERTION), check, raw);
}

/// The card's signature, its certificates and their lists; how long a list of a million serial numbers takes, a test of
/// `inkan-evidence` says, for a look-up in it is a search in what is sorted.
fn card_path(criterion: &mut Criterion) {
    let card = card::Card::new();
    let credential = card.signed();
    let judge = || {
        let report = card.report(&credential);
        assert_eq!(report.decision(), Decision::Accept);
        report
    };
    criterion.bench_function("card: bytes to report", |bench| bench.iter(judge));
    within("a credential on a card's signature, bytes to report", PATH, judge);
}

criterion_group!(benches, assessment, assertion, card_path);
criterion_main!(benches);

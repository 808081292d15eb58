use inkan_core::rng::insecure::SeededRng;
use inkan_credential::model::StatusPurpose;
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_767_225_600;

fn claims() -> Map<String, Value> {
    json!({ "role": "engineer" }).as_object().unwrap().clone()
}

/// A request of Acme's for nobody in particular, without anything that may be left out.
pub(crate) fn plain<'a>(types: &'a [String], claims: &'a Map<String, Value>) -> IssueRequest<'a> {
    IssueRequest {
        types,
        contexts: &[],
        issuer: "did:example:acme",
        issuer_name: None,
        subject: None,
        subject_key: None,
        claims,
        evidence: &[],
        valid_from: Timestamp::EPOCH,
        valid_until: None,
        status: &[],
        schema: None,
        log: None,
    }
}

fn build(change: impl FnOnce(&mut IssueRequest<'_>)) -> Result<Draft, DraftError> {
    let (types, claims) = (["Badge".to_owned()], claims());
    let mut request = IssueRequest {
        subject: Some("did:example:me"),
        subject_key: Some("thumb"),
        valid_from: Timestamp::from_seconds(NOW).unwrap(),
        log: Some("ledger.example"),
        ..plain(&types, &claims)
    };
    change(&mut request);
    draft(&request, &mut SeededRng::new(1))
}

#[test]
fn a_draft_has_what_was_asked_for() {
    let list = "https://acme.example/status/1";
    let entry = StatusEntry::new(StatusPurpose::Revocation, list, 4);
    let status = [entry.clone()];
    let dialect = "https://json-schema.org/draft/2020-12/schema";
    let schema = json!({ "$schema": dialect, "type": "object", "required": ["credentialSubject"] });
    let (types, claims) = (["Badge".to_owned()], claims());
    let request = IssueRequest {
        contexts: &[json!("https://acme.example/context")],
        issuer_name: Some("Acme"),
        subject: Some("did:example:me"),
        valid_from: Timestamp::from_seconds(NOW).unwrap(),
        valid_until: Some(Timestamp::from_seconds(NOW + 86_400).unwrap()),
        status: &status,
        schema: Some(("https://acme.example/badge.json", &schema)),
        log: Some("ledger.example"),
        ..plain(&types, &claims)
    };
    let draft = draft(&request, &mut SeededRng::new(1)).unwrap();
    let credential = draft.credential();
    assert!(credential.id().unwrap().starts_with("urn:uuid:"));
    assert_eq!(credential.types().collect::<Vec<_>>(), ["VerifiableCredential", "Badge"]);
    assert_eq!((credential.issuer(), credential.issuer_name()), ("did:example:acme", Some("Acme")));
    assert_eq!(credential.subjects()[0]["role"], "engineer");
    assert_eq!(credential.subject_id(), Some("did:example:me"));
    assert_eq!(credential.status(), [entry]);
    assert_eq!(credential.schemas()[0].id, "https://acme.example/badge.json");
    assert!(credential.schemas()[0].integrity.is_none());
    // What is fixed of the schema is its published text, and its canonical form.
    let published = format!("{schema:#}").into_bytes();
    let fixed = draft.clone().fixing_schema(&published).unwrap();
    let integrity = fixed.credential().schemas()[0].integrity.clone().unwrap();
    let canonical = json::canonicalize(&schema).unwrap();
    assert_eq!(integrity.check(&published), inkan_credential::integrity::Fit::Same);
    assert_eq!(integrity.check(&canonical), inkan_credential::integrity::Fit::Same);
    assert_eq!(integrity.check(b"{}"), inkan_credential::integrity::Fit::Other);
    assert_eq!(credential.ledger_record().unwrap().log, "ledger.example");
    assert_eq!(credential.value()["validUntil"], "2026-01-02T00:00:00Z");
    let context = credential.value()["@context"].as_array().unwrap();
    assert_eq!(context.len(), 3);
    assert_eq!(context[2], inline_context());
    assert!(draft.warnings().is_empty());
}

#[test]
fn salts_and_ids_are_drawn_for_every_credential() {
    let mut rng = SeededRng::new(1);
    let (types, claims) = (["Badge".to_owned()], claims());
    let request = IssueRequest { log: Some("ledger.example"), ..plain(&types, &claims) };
    let one = draft(&request, &mut rng).unwrap();
    let two = draft(&request, &mut rng).unwrap();
    assert_ne!(one.credential().ledger_record(), two.credential().ledger_record());
    assert_ne!(one.credential().id(), two.credential().id());
    assert_eq!(one.credential().subject_id(), None);
}

#[test]
fn without_a_log_there_is_no_ledger_record() {
    let draft = build(|request| request.log = None).unwrap();
    assert_eq!(draft.credential().ledger_record(), None);
}

#[test]
fn requests_that_cannot_be_met_have_their_codes() {
    let code = |change: &dyn Fn(&mut IssueRequest<'_>)| build(change).unwrap_err().code();
    let other = json!({ "id": "did:example:you", "a": 1 }).as_object().unwrap().clone();
    let keyword = json!({ "@type": "Admin" }).as_object().unwrap().clone();
    let dialect = "https://json-schema.org/draft/2020-12/schema";
    let subject = json!({ "required": ["grade"] });
    let schema = json!({ "$schema": dialect, "properties": { "credentialSubject": subject } });
    let draft_07 = json!({ "$schema": "http://json-schema.org/draft-07/schema#" });
    let check = |expected, claims: &Map<String, Value>| {
        let claims = claims.clone();
        let types = ["Badge".to_owned()];
        let request = IssueRequest { subject: Some("did:example:me"), ..plain(&types, &claims) };
        assert_eq!(draft(&request, &mut SeededRng::new(1)).unwrap_err().code(), expected);
    };
    check("claims-subject-mismatch", &other);
    check("claims-keyword-reserved", &keyword);
    let uri = "https://acme.example/badge.json";
    for (expected, schema) in
        [("credential-schema-violated", schema), ("schema-dialect-unsupported", draft_07)]
    {
        let (types, claims) = (["Badge".to_owned()], claims());
        let request = IssueRequest { schema: Some((uri, &schema)), ..plain(&types, &claims) };
        assert_eq!(draft(&request, &mut SeededRng::new(1)).unwrap_err().code(), expected);
    }
    assert_eq!(code(&|request| request.issuer = "acme"), "credential-issuer-invalid");
    assert_eq!(code(&|request| request.log = Some("a b")), "ledger-record-invalid");
    assert_eq!(
        code(&|request| request.valid_until = Some(Timestamp::EPOCH)),
        "credential-validity-reversed"
    );
}

#[test]
fn claims_spelt_like_levels_are_allowed_with_a_warning() {
    let claims = json!({
        "ial": "3", "a/b": { "LoA": "high" }, "list": [{ "claimedLevels": {} }], "grade": 3,
    });
    let claims = claims.as_object().unwrap().clone();
    let mut warnings = Vec::new();
    level_claims(&claims, "", &mut warnings);
    let paths: Vec<_> = warnings
        .iter()
        .map(|(Warning::LevelClaim { path } | Warning::Misplaced { path })| path.as_str())
        .collect();
    assert_eq!(paths, ["/a~1b/LoA", "/ial", "/list/0/claimedLevels"]);
    assert_eq!(warnings[0].code(), "claimed-level-ignored");
}

proptest! {
    #[test]
    fn drafts_of_any_claims_obey_the_data_model(name in "\\PC{1,12}", text in "\\PC{0,20}") {
        let mut claims = Map::new();
        claims.insert(name, text.into());
        let types = ["Badge".to_owned()];
        let request = IssueRequest {
            subject: Some("did:example:me"),
            ..plain(&types, &claims)
        };
        if let Ok(draft) = draft(&request, &mut SeededRng::new(1)) {
            let copy = Credential::from_value(draft.credential().value().clone());
            prop_assert_eq!(&copy.unwrap(), draft.credential());
        }
    }
}

#[test]
fn more_members_are_said_unless_they_are_said_otherwise() {
    let more = |value: Value| build(|_| {}).unwrap().with_members(value.as_object().unwrap());
    let drafted = more(json!({
        "name": "Badge of Ada", "description": { "@value": "Shows it", "@language": "en" },
        "issuer": { "name": "Acme" }, "termsOfUse": { "type": "ExamplePolicy" },
        "renderMethod": { "type": "ExampleTemplate" },
    }));
    let credential = drafted.unwrap();
    let credential = credential.credential();
    assert_eq!((credential.issuer(), credential.issuer_name()), ("did:example:acme", Some("Acme")));
    assert_eq!(credential.value()["termsOfUse"]["type"], "ExamplePolicy");
    let taken = DECIDED.iter().copied().chain(["@context", "issuer"]);
    for name in taken {
        let refused = more(json!({ name: { "id": "did:example:other" } })).unwrap_err();
        assert_eq!(refused.code(), "draft-member-taken", "{name}");
    }
    assert!(matches!(more(json!({ "termsOfUse": {} })), Err(DraftError::Model(_))));
}

#[test]
fn a_member_of_credentials_among_the_claims_is_told() {
    let claims = json!({ "renderMethod": { "type": "T" }, "ial": "3" });
    let claims = claims.as_object().unwrap().clone();
    let types = ["Badge".to_owned()];
    let request = IssueRequest {
        valid_from: Timestamp::from_seconds(NOW).unwrap(),
        ..plain(&types, &claims)
    };
    let drafted = draft(&request, &mut SeededRng::new(1)).unwrap();
    let codes: Vec<_> = drafted.warnings().iter().map(Warning::code).collect();
    assert_eq!(codes, ["claimed-level-ignored", "claim-misplaced"]);
}

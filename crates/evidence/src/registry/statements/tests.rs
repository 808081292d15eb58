use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::{Did, DidDocument, DidUrl};
use inkan_ledger::{
    Claims, KEY_COMPROMISED, Kind, Leaf, SignedEntry, TrustClaims, TrustOperation, TrustStatement,
};
use serde_json::json;

use super::{SignerVersion, Statement, actions, of_former, of_statements, read_statements};
use crate::authority::{authorise, authorise_recorded};
use crate::registry::{GrantType, Query, Registry, Standing, Why, ask};

const MINISTRY: &str = "did:webvh:QmYZq7LSVUpxhUp7KE8VLkiNoc1FQh8GMVyGTUdpCBjTYS:ministry.example";
const UNIVERSITY: &str = "did:web:university.example";
const ORIGIN: &str = "ledger.example";

/// The first of a month of 2026; months after December are those of 2027.
fn month(number: u8) -> Timestamp {
    let (year, number) = if number > 12 { (2027, number - 12) } else { (2026, number) };
    Timestamp::parse_strict(&format!("{year}-{number:02}-01T00:00:00Z")).unwrap()
}

fn said(recorded: u8, operation: TrustOperation, from: u8) -> Statement {
    Statement {
        leaf_index: u64::from(recorded),
        leaf_time: month(recorded),
        stolen: false,
        claims: TrustClaims {
            statement: TrustStatement::Authorization,
            entity_id: UNIVERSITY.to_owned(),
            action: actions::ISSUE.to_owned(),
            resource: "Degree".to_owned(),
            operation,
            sequence: 1,
            not_before: month(from),
            expires: None,
            digest: None,
        },
    }
}

fn grant() -> Statement {
    said(2, TrustOperation::Grant, 3)
}

fn registry(statements: &[Statement], as_of: Timestamp) -> Registry {
    of_statements(MINISTRY, statements, as_of).unwrap()
}

/// Whether a degree is by somebody who may issue it: recorded in one month, judged in another.
fn counts(statements: &[Statement], signed: u8, judged: u8) -> bool {
    let registries = [registry(statements, month(judged))];
    authorise_recorded(&registries, UNIVERSITY, month(signed), month(judged))
        .is_ok_and(|by| by.iter().any(|by| by.may_issue("Degree")))
}

/// Granted from March on. What becomes of degrees of February (before), April and August, judged in May, before anything
/// else was said, and in October, after it was said in July.
#[test]
fn ended_keeps_the_past_and_for_cause_voids_it() {
    let ended = [grant(), said(7, TrustOperation::End, 7)];
    let void_all = [grant(), said(7, TrustOperation::Void { since: month(1) }, 7)];
    let void_since = [grant(), said(7, TrustOperation::Void { since: month(6) }, 7)];
    let table: [(&str, &[Statement], u8, u8, bool); 16] = [
        ("before it was granted, judged before the end", &ended, 2, 5, false),
        ("granted, judged before the end", &ended, 4, 5, true),
        ("before it was granted, judged after the end", &ended, 2, 10, false),
        ("granted, judged after the end", &ended, 4, 10, true),
        ("in the last month, judged after the end", &ended, 6, 10, true),
        ("after the end, judged after it", &ended, 8, 10, false),
        ("granted, judged before it was void", &void_all, 4, 5, true),
        ("granted, judged when it is void", &void_all, 4, 10, false),
        ("in the last month, judged when it is void", &void_all, 6, 10, false),
        ("after it was void", &void_all, 8, 10, false),
        ("before the grant, void", &void_all, 2, 10, false),
        ("before since, judged before the void", &void_since, 4, 5, true),
        ("before since, judged after the void", &void_since, 4, 10, true),
        ("since, recorded before the void was", &void_since, 6, 10, false),
        ("after the void", &void_since, 8, 10, false),
        ("before the grant, void since later", &void_since, 2, 10, false),
    ];
    for (what, statements, signed, judged, expected) in table {
        assert_eq!(counts(statements, signed, judged), expected, "{what}");
    }
}

#[test]
fn whoever_states_its_own_time_is_not_spared_by_a_void_since_later() {
    let statements = [grant(), said(7, TrustOperation::Void { since: month(6) }, 7)];
    let registries = [registry(&statements, month(10))];
    assert!(authorise(&registries, UNIVERSITY, month(4), month(10)).is_err());
    assert!(authorise_recorded(&registries, UNIVERSITY, month(4), month(10)).is_ok());
    // And another registry that trusts it does not help: since then it is believed in nothing.
    let value = json!({
        "type": "inkan-registry/1", "id": "mine", "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "entries": [{ "id": UNIVERSITY, "issues": ["Degree"], "status": "active" }],
    });
    let both = [Registry::from_value(&value).unwrap(), registries[0].clone()];
    assert!(authorise_recorded(&both, UNIVERSITY, month(6), month(10)).is_err());
}

#[test]
fn who_is_void_for_cause_stays_one_with_the_other() {
    let same = |mut statement: Statement| {
        statement.claims.statement = TrustStatement::Recognition;
        statement.claims.action = actions::SAME.to_owned();
        statement.claims.resource = "did:web:other.example".to_owned();
        statement
    };
    let void = said(7, TrustOperation::Void { since: month(1) }, 7);
    let registries = [registry(&[same(grant()), same(void)], month(10))];
    assert_eq!(registries[0].entries()[0].standing(), Standing::RevokedForCause);
    let found = crate::registry::declared(&registries, month(10));
    assert!(found.are_one(UNIVERSITY, "did:web:other.example"));
}

#[test]
fn an_end_never_reaches_into_the_past() {
    // Said in July to have ended in April: what was signed until July stays good.
    let dated_back = [grant(), said(7, TrustOperation::End, 4)];
    assert!(counts(&dated_back, 6, 10) && !counts(&dated_back, 7, 10));
    // Said in July to end in September.
    let announced = [grant(), said(7, TrustOperation::End, 9)];
    assert!(counts(&announced, 8, 10) && !counts(&announced, 9, 10));
}

#[test]
fn a_later_grant_takes_over_from_its_own_begin() {
    let mut shorter = said(5, TrustOperation::Grant, 6);
    shorter.claims.expires = Some(month(8));
    let statements = [grant(), shorter];
    assert!(counts(&statements, 4, 10) && counts(&statements, 7, 10));
    assert!(!counts(&statements, 8, 10), "at exp it holds no longer");
    // Granted again after an end, and after a void: the gap stays.
    let again = [grant(), said(5, TrustOperation::End, 5), said(8, TrustOperation::Grant, 8)];
    assert!(counts(&again, 4, 10) && !counts(&again, 6, 10) && counts(&again, 9, 10));
    let void = said(5, TrustOperation::Void { since: month(4) }, 5);
    let again = [grant(), void, said(8, TrustOperation::Grant, 8)];
    assert!(counts(&again, 3, 10) && !counts(&again, 4, 10) && counts(&again, 9, 10));
}

#[test]
fn as_of_an_earlier_time_nothing_later_was_known() {
    let statements = [grant(), said(7, TrustOperation::Void { since: month(1) }, 7)];
    assert!(registry(&statements, month(1)).entries().is_empty());
    assert_eq!(registry(&statements, month(5)).entries()[0].standing(), Standing::Active);
    let void = registry(&statements, month(7));
    assert_eq!(void.entries()[0].standing(), Standing::RevokedForCause);
    assert_eq!((void.sequence(), void.issued_at()), (2, month(7)));
}

#[test]
fn whoever_is_void_in_one_thing_is_believed_in_nothing() {
    let mut other = grant();
    other.claims.resource = "Diploma".to_owned();
    let statements = [grant(), other, said(7, TrustOperation::Void { since: month(1) }, 7)];
    let registry = registry(&statements, month(10));
    let query = |resource| Query {
        statement: GrantType::Authorization,
        entity: UNIVERSITY,
        action: actions::ISSUE,
        resource,
    };
    assert_eq!(ask(&registry, &query("Diploma"), month(10)).why, Why::Void);
    assert_eq!(ask(&registry, &query("Degree"), month(10)).why, Why::Void);
}

#[test]
fn every_action_has_its_member_and_others_grant_what_is_asked_by_the_same_words() {
    let with = |statement, action: &str, resource: &str| {
        let mut one = grant();
        one.claims.statement = statement;
        one.claims.action = action.to_owned();
        one.claims.resource = resource.to_owned();
        one
    };
    use TrustStatement::{Authorization, Recognition};
    let all = [
        (Authorization, actions::ISSUE, "Degree"),
        (Authorization, actions::STATE, "R7"),
        (Authorization, actions::COUNTERSIGN, "notary"),
        (Authorization, actions::ROLE, "identity_proofer"),
        (Authorization, actions::ANCHOR, "MyNumberCard"),
        (Authorization, actions::MAKE, "key_statement"),
        (Recognition, actions::SUCCEED, "did:web:old.example"),
        (Recognition, actions::SAME, "did:web:other.example"),
        (Recognition, actions::AUTHORITY, actions::TRUST),
        // No role, row or member of ours: it is what it is.
        (Authorization, actions::ROLE, "king"),
        (Authorization, "drive", "bus"),
        (Recognition, actions::SUCCEED, UNIVERSITY),
    ];
    let statements: Vec<Statement> = all.iter().map(|(s, a, r)| with(*s, a, r)).collect();
    let registry = registry(&statements, month(10));
    for (statement, action, resource) in all {
        let other = match statement {
            Authorization => GrantType::Recognition,
            Recognition => GrantType::Authorization,
        };
        let own = match statement {
            Authorization => GrantType::Authorization,
            Recognition => GrantType::Recognition,
        };
        let ask = |statement, resource| {
            let query = Query { statement, entity: UNIVERSITY, action, resource };
            ask(&registry, &query, month(10)).why
        };
        assert_eq!(ask(own, resource), Why::Holds, "{action} {resource}");
        assert_eq!(ask(other, resource), Why::NotStated, "{action} {resource}");
        assert_eq!(ask(own, "nothing"), Why::NotStated, "{action}");
    }
    // A role that does not exist is no role.
    let roles = registry.entries().iter().flat_map(|entry| entry.roles());
    assert_eq!(roles.count(), 1);
}

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

fn version(leaf_index: u64, keys: &[(&str, &SecretKey)]) -> SignerVersion {
    let did = Did::parse(MINISTRY).unwrap();
    let methods: Vec<_> = keys
        .iter()
        .map(|(fragment, key)| {
            json!({
                "id": format!("{MINISTRY}#{fragment}"), "type": "Multikey", "controller": MINISTRY,
                "publicKeyMultibase": key.public_key().to_multikey(),
            })
        })
        .collect();
    let names: Vec<_> = keys.iter().map(|(fragment, _)| format!("{MINISTRY}#{fragment}")).collect();
    let document = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": MINISTRY, "verificationMethod": methods, "assertionMethod": names,
    });
    let document = DidDocument::from_value(document, &did).unwrap();
    SignerVersion { leaf_index, document, deactivated: false }
}

fn leaf(claims: &TrustClaims, fragment: &str, key: &SecretKey, time: Timestamp) -> Leaf {
    let kid = DidUrl::parse(&format!("{MINISTRY}#{fragment}")).unwrap();
    let body = SignedEntry::sign(&Claims::Trust(claims.clone()), &kid, ORIGIN, key, time).unwrap();
    Leaf::new(Kind::Trust, time, body.into_bytes()).unwrap()
}

fn read(versions: &[SignerVersion], leaves: &[(u64, Leaf)]) -> Result<Vec<Statement>, String> {
    let did = Did::parse(MINISTRY).unwrap();
    let leaves = leaves.iter().map(|(index, leaf)| (*index, leaf));
    read_statements(&did, ORIGIN, versions, leaves).map_err(|error| error.code().to_owned())
}

#[test]
fn a_statement_counts_under_the_key_in_force_at_its_place_alone() {
    let (old, new) = (key(1), key(2));
    let versions = [version(1, &[("old", &old)]), version(5, &[("new", &new)])];
    let claims = grant().claims;
    let by_old = |index| vec![(index, leaf(&claims, "old", &old, month(3)))];
    assert_eq!(read(&versions, &by_old(3)).unwrap().len(), 1);
    let refused = Err("registry-statement-invalid".to_owned());
    for (what, index) in [("before the DID", 1), ("after the rotation", 7)] {
        assert_eq!(read(&versions, &by_old(index)).map(|found| found.len()), refused, "{what}");
    }
    let forged = vec![(3, leaf(&claims, "old", &new, month(3)))];
    assert_eq!(read(&versions, &forged).map(|found| found.len()), refused);
    let mut ended = versions.to_vec();
    ended[0].deactivated = true;
    assert_eq!(read(&ended, &by_old(3)).map(|found| found.len()), refused);
}

#[test]
fn what_a_stolen_key_stated_is_not_believed_and_keeps_its_number() {
    let (old, new) = (key(1), key(2));
    let versions = [version(1, &[("old", &old)]), version(5, &[("new", &new)])];
    let report = TrustClaims {
        entity_id: MINISTRY.to_owned(),
        action: KEY_COMPROMISED.to_owned(),
        resource: format!("{MINISTRY}#old"),
        not_before: month(4),
        ..grant().claims
    };
    let mut thiefs = grant().claims;
    thiefs.entity_id = "did:web:thief.example".to_owned();
    let leaves = vec![
        (2, leaf(&grant().claims, "old", &old, month(3))),
        (4, leaf(&thiefs, "old", &old, month(4))),
        (6, leaf(&report, "new", &new, month(5))),
    ];
    let statements = read(&versions, &leaves).unwrap();
    let stolen: Vec<bool> = statements.iter().map(|statement| statement.stolen).collect();
    assert_eq!(stolen, [false, true], "the report itself is no statement of trust");
    let registry = registry(&statements, month(10));
    assert_eq!(registry.entries().len(), 1);
    assert_eq!(registry.entries()[0].id(), UNIVERSITY);
}

/// What an authority said while it was listed stays said: its grants end with the listing, its voids do not.
#[test]
fn an_authority_that_is_listed_no_longer_speaks_of_its_past_alone() {
    let former = |statements: &[Statement], judged: u8| {
        of_former(MINISTRY, statements, (month(judged), month(6))).unwrap()
    };
    let counts = |statements: &[Statement], signed: u8, judged: u8| {
        authorise_recorded(&[former(statements, judged)], UNIVERSITY, month(signed), month(judged))
            .is_ok_and(|by| by.iter().any(|by| by.may_issue("Degree")))
    };
    for (signed, judged, held) in
        [(2, 10, false), (4, 5, true), (4, 10, true), (6, 10, true), (7, 10, false), (8, 10, false)]
    {
        assert_eq!(counts(&[grant()], signed, judged), held, "signed {signed}, judged {judged}");
    }
    // What it took back while it was listed is taken back; what it said later nobody hears.
    let void = |recorded: u8| said(recorded, TrustOperation::Void { since: month(1) }, recorded);
    assert!(!counts(&[grant(), void(5)], 4, 10));
    assert!(counts(&[grant(), void(8)], 4, 10));
    let mut same = grant();
    same.claims.statement = TrustStatement::Recognition;
    same.claims.action = actions::SAME.to_owned();
    same.claims.resource = "did:web:other.example".to_owned();
    let registry = former(&[same], 10);
    assert!(registry.entries().iter().any(|entry| !entry.same_controller().is_empty()));
}

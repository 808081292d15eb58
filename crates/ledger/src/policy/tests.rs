use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use proptest::prelude::*;

use super::*;

fn key(seed: u64) -> inkan_crypto::PublicKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed)).public_key()
}

fn log(name: &str, seed: u64) -> VerifierKey {
    VerifierKey::new(name, KeyMaterial::Note(key(seed))).unwrap()
}

fn witness(name: &str, seed: u64) -> VerifierKey {
    VerifierKey::new(name, KeyMaterial::Cosignature(key(seed))).unwrap()
}

/// The example of the C2SP document, with keys.
fn nested() -> String {
    let mut text = format!("# example\n\n \tlog {} https://log.example\n", log("a.example", 1));
    for (name, seed) in [("X1", 11), ("X2", 12), ("X3", 13)] {
        text.push_str(&format!("witness {name} {}\n", witness(name, seed)));
    }
    text.push_str("group X-witnesses 2 X1 X2 X3\n");
    for (name, seed) in [("Y1", 21), ("Y2", 22), ("Y3", 23)] {
        text.push_str(&format!("witness {name} {} https://w\n", witness(name, seed)));
    }
    text.push_str("group Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\n");
    text + "quorum X-and-Y\n"
}

fn met(policy: &LogPolicy, places: &[usize]) -> bool {
    policy.is_met_by(&places.iter().copied().collect())
}

#[test]
fn nested_groups_count_their_own_members() {
    let policy = LogPolicy::parse(&nested()).unwrap();
    assert!(policy.has_log("a.example") && !policy.has_log("b.example"));
    assert_eq!(policy.witnesses().len(), 6);
    assert!(met(&policy, &[0, 1, 3]) && met(&policy, &[0, 2, 4, 5]));
    assert!(!met(&policy, &[0, 1, 2]) && !met(&policy, &[0, 3, 4, 5]) && !met(&policy, &[]));
}

#[test]
fn a_policy_is_written_as_it_was_read() {
    // A witness that is called as a group would be.
    let own = nested().replace("witness Y1 ", "witness g1 ").replace("any Y1 ", "any g1 ");
    for text in [nested(), own, format!("log {}\nquorum none", log("a.example", 1))] {
        let policy = LogPolicy::parse(&text).unwrap();
        let written = policy.to_string();
        assert_eq!(LogPolicy::parse(&written).unwrap(), policy, "{written}");
    }
}

#[test]
fn a_note_claims_a_quorum_by_its_lines_alone() {
    let policy = LogPolicy::parse(&nested()).unwrap();
    let mut note = SignedNote::new("text\n".to_owned());
    for (place, enough) in [(0, false), (1, false), (4, true)] {
        let key = policy.witnesses()[place].key();
        let (name, key_id) = (key.name().to_owned(), key.id());
        note.put(crate::note::SignatureLine { name, key_id, signature: vec![0; 72] });
        assert_eq!(policy.claims_quorum(&note), enough);
    }
}

#[test]
fn a_log_s_own_witnesses_bear_its_name() {
    let text = format!(
        "witness w1 {}\nwitness w2 {}\nwitness w3 {}\nquorum none",
        witness("log.example/w1", 1),
        witness("log.example.org/w", 2),
        witness("log.example", 3)
    );
    let policy = LogPolicy::parse(&text).unwrap();
    let own: Vec<_> = policy.witnesses().iter().map(|one| one.is_of_log("log.example")).collect();
    assert_eq!(own, [true, false, false]);
}

#[test]
fn for_others_the_log_s_own_witnesses_count_for_no_operator_and_are_still_asked_for() {
    let (own1, own2) = (witness("log.example/w1", 1), witness("log.example/w2", 2));
    let outside = witness("other.example/w", 3);
    let text = format!(
        "# theirs\nlog {}\nwitness  w1\t{own1} https://w1.example\nwitness 2 {own2}\nwitness out {outside}\n\
         group self/w1 2 w1 2\ngroup all all self/w1 out\nquorum all\n",
        log("log.example", 9)
    );
    let ForOthers { text: theirs, renamed } = policy_for_others(&text).unwrap();
    let expected = [("2", "self/2"), ("w1", "self/w1/w")];
    assert_eq!(renamed, expected.map(|(old, new)| (old.to_owned(), new.to_owned())).into());
    let policy = LogPolicy::parse(&theirs).unwrap();
    let operators: Vec<_> = policy.witnesses().iter().map(PolicyWitness::operator).collect();
    assert_eq!(operators, [None, None, Some("out")]);
    assert!(met(&policy, &[0, 1, 2]) && !met(&policy, &[0, 2]), "the same keys as before");
    assert!(
        theirs.starts_with("# theirs\n") && theirs.contains("group self/w1 2 self/w1/w self/2\n")
    );
    assert!(theirs.contains(" https://w1.example\n"));
    // Again it changes nothing, and neither does it where all are of others.
    let again = policy_for_others(&theirs).unwrap();
    assert_eq!((again.text, again.renamed.len()), (theirs, 0));
    let one = format!("log {}\nwitness out {outside}\nquorum  out", log("log.example", 9));
    assert_eq!(policy_for_others(&one).unwrap().text, one);
    let single = format!("log {}\nwitness w {own1}\nquorum w\n", log("log.example", 9));
    assert!(policy_for_others(&single).unwrap().text.ends_with("quorum self/w\n"));
    assert!(policy_for_others("quorum x").is_err());
}

#[test]
fn a_policy_of_all_asks_for_all() {
    let names =
        ["w1", "w2"].map(|name| (name.to_owned(), witness(name, u64::from(name.as_bytes()[1]))));
    let policy = LogPolicy::parse(&LogPolicy::text_of_all(&log("a", 1), &names)).unwrap();
    assert!(met(&policy, &[0, 1]) && !met(&policy, &[0]) && !met(&policy, &[1]));
    let none = LogPolicy::parse(&LogPolicy::text_of_all(&log("a", 1), &[])).unwrap();
    assert!(met(&none, &[]) && !none.needs_cosignatures());
}

#[test]
fn operators_are_named_before_the_slash_and_the_logs_own_is_none() {
    let text = format!(
        "witness acme/1 {}\nwitness acme/2 {}\nwitness self {}\nwitness self/2 {}\nquorum none",
        witness("a", 1),
        witness("b", 2),
        witness("c", 3),
        witness("d", 4)
    );
    let policy = LogPolicy::parse(&text).unwrap();
    let operators: Vec<_> = policy.witnesses().iter().map(PolicyWitness::operator).collect();
    assert_eq!(operators, [Some("acme"), Some("acme"), None, None]);
}

#[test]
fn broken_policies_are_refused_with_their_rule_and_line() {
    let (log, w, v) = (log("a", 1), witness("w", 2), witness("v", 3));
    let refused = |text: &str| LogPolicy::parse(text).unwrap_err();
    let two = format!("witness w {w}\nwitness v {v}\n");
    let cases = [
        (String::new(), PolicyError::Quorum),
        ("quorum none\nquorum none".to_owned(), PolicyError::Quorum),
        ("quorum\r\n".to_owned(), PolicyError::Characters),
        ("quorum none extra".to_owned(), PolicyError::Line { line: 1 }),
        ("Quorum none".to_owned(), PolicyError::Line { line: 1 }),
        (format!("{two}group g all"), PolicyError::Line { line: 3 }),
        (format!("log {w}"), PolicyError::Key { line: 1 }),
        (format!("witness w {log}"), PolicyError::Key { line: 1 }),
        ("\nlog x".to_owned(), PolicyError::Key { line: 2 }),
        (format!("log {log}\nlog {log}"), PolicyError::Name { line: 2 }),
        (format!("witness w {w}\nwitness x {w}"), PolicyError::Name { line: 2 }),
        (format!("witness w {w}\nwitness w {v}"), PolicyError::Name { line: 2 }),
        (format!("witness none {w}"), PolicyError::Name { line: 1 }),
        ("quorum w".to_owned(), PolicyError::Name { line: 1 }),
        (format!("{two}group g all w w"), PolicyError::Name { line: 3 }),
        (format!("{two}group g all w\ngroup h any w v"), PolicyError::Name { line: 4 }),
        (format!("{two}group g all w none"), PolicyError::Name { line: 3 }),
        (format!("{two}group g any g"), PolicyError::Name { line: 3 }),
        (format!("{two}group g 0 w v"), PolicyError::Threshold { line: 3 }),
        (format!("{two}group g 3 w v"), PolicyError::Threshold { line: 3 }),
        (format!("{two}group g 01 w v"), PolicyError::Threshold { line: 3 }),
    ];
    for (text, error) in cases {
        assert_eq!(refused(&text), error, "{text}");
        assert_eq!(error.code(), "policy-invalid");
    }
}

#[test]
fn one_key_under_two_names_is_one_witness() {
    let text = format!("witness a {}\nwitness b {}\n", witness("a", 1), witness("b", 1));
    assert_eq!(LogPolicy::parse(&text), Err(PolicyError::Name { line: 2 }));
}

/// The id of a key has four bytes, so two keys of one name may share it: a line of one would be taken for the other's.
#[test]
fn keys_that_cannot_be_told_apart_in_a_note_are_not_both_taken() {
    let vkey = |number: u64, name: &str| {
        let mut anchor = [0; 32];
        anchor[..8].copy_from_slice(&number.to_be_bytes());
        VerifierKey::new(name, KeyMaterial::Tsa(anchor)).unwrap()
    };
    let mut ids = BTreeMap::new();
    let found = (0..2_000_000)
        .find_map(|number| ids.insert(vkey(number, "w").id(), number).map(|first| (first, number)));
    let (first, second) = found.unwrap();
    let policy = |first: VerifierKey, second: VerifierKey| {
        LogPolicy::parse(&format!("witness a {first}\nwitness b {second}\nquorum none\n"))
    };
    let refused = policy(vkey(first, "w"), vkey(second, "w"));
    assert_eq!(refused, Err(PolicyError::Name { line: 2 }));
    assert!(policy(vkey(first, "w"), vkey(second, "v")).is_ok(), "names tell them apart");
    assert!(policy(vkey(first, "w"), vkey(second + 1, "w")).is_ok(), "so do ids");
}

#[test]
fn limits_are_above_what_the_specification_asks_for() {
    let policy = |count: u64| {
        let mut text = String::new();
        for i in 0..count {
            text.push_str(&format!("log {}\n", log(&format!("log{i}"), i)));
            text.push_str(&format!("witness w{i} {}\n", witness("w", 1_000 + i)));
            text.push_str(&format!("group g{i} any w{i}\n"));
        }
        LogPolicy::parse(&(text + "quorum none\n"))
    };
    assert!(policy(64).is_ok());
    assert_eq!(policy(65), Err(PolicyError::TooMany));
    let padded = |length: usize| {
        let rest = "\nquorum none\n";
        LogPolicy::parse(&format!("#{}{rest}", "x".repeat(length - rest.len() - 1)))
    };
    assert!(padded(POLICY_LIMIT).is_ok());
    assert!(padded(POLICY_LIMIT + 1).is_err());
}

proptest! {
    #[test]
    fn arbitrary_policies_never_panic(text in "[a-z0-9 \n+#]{0,200}", any in any::<String>()) {
        let _ = LogPolicy::parse(&text);
        let _ = LogPolicy::parse(&any);
        let _ = LogPolicy::parse(&nested().replace("any", &text));
    }
}

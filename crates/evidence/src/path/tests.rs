use der::asn1::ObjectIdentifier;
use inkan_core::Timestamp;
use inkan_verifier::RevocationInfo;
use proptest::prelude::*;

use super::*;

/// Files of `fixtures/path`, whose README says what each is.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fixtures/path/", $name)).as_slice()
    };
}

const ROOT: &[u8] = fixture!("root.der");
const SUB: &[u8] = fixture!("sub.der");
const GOOD: &[u8] = fixture!("good.der");
const REVOKED: &[u8] = fixture!("revoked.der");

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("{text}T00:00:00Z")).unwrap()
}

fn crls(lists: &[&[u8]]) -> RevocationInfo {
    RevocationInfo { crls: lists.iter().map(|list| list.to_vec()).collect(), ocsp: vec![] }
}

fn ocsp(answer: &[u8]) -> RevocationInfo {
    RevocationInfo { crls: vec![], ocsp: vec![answer.to_vec()] }
}

fn of(certificate: &[u8], day: &str, given: &RevocationInfo) -> Standing {
    standing(certificate, SUB, at(day), given)
}

#[test]
fn a_list_says_how_a_certificate_stood_while_it_holds_and_of_the_time_before() {
    let (early, late) = (crls(&[fixture!("early.crl")]), crls(&[fixture!("late.crl")]));
    let revoked = Standing::Revoked(at("2026-06-01"));
    let cases = [
        (GOOD, "2026-02-01", &early, Standing::Good),
        // Its time is over: nothing is said of later.
        (GOOD, "2026-04-01", &early, Standing::Unknown),
        (REVOKED, "2026-02-01", &early, Standing::Good),
        (REVOKED, "2026-07-15", &late, revoked),
        // A newer list says since when.
        (REVOKED, "2026-05-31", &late, Standing::Good),
        (REVOKED, "2026-06-01", &late, revoked),
        (GOOD, "2026-03-01", &late, Standing::Good),
        (GOOD, "2031-06-01", &late, Standing::Unknown),
        // A certificate that has ended may have been taken off the list.
        (fixture!("ended.der"), "2026-07-10", &late, Standing::Good),
    ];
    for (certificate, day, given, expected) in cases {
        assert_eq!(of(certificate, day, given), expected, "{day}");
    }
    // Who is revoked by one is revoked, whatever an older one says.
    let both = crls(&[fixture!("early.crl"), fixture!("late.crl")]);
    assert_eq!(of(REVOKED, "2026-07-15", &both), revoked);
    assert_eq!(of(GOOD, "2026-07-15", &RevocationInfo::default()), Standing::Unknown);
}

#[test]
fn a_list_that_is_not_the_issuers_whole_one_says_nothing() {
    for list in [
        fixture!("part.crl"),
        fixture!("other.crl"),
        fixture!("forged.crl"),
        fixture!("root.crl"),
        b"no list",
    ] {
        assert_eq!(of(GOOD, "2026-08-01", &crls(&[list])), Standing::Unknown);
        assert_eq!(of(REVOKED, "2026-08-01", &crls(&[list])), Standing::Unknown);
    }
    let unfit = crls(&[fixture!("unfit.crl")]);
    let (leaf, issuer) = (fixture!("below-nocrl.der"), fixture!("nocrl.der"));
    assert_eq!(standing(leaf, issuer, at("2026-08-01"), &unfit), Standing::Unknown);
    // Nor under a certificate that did not issue it.
    let late = crls(&[fixture!("late.crl")]);
    assert_eq!(standing(GOOD, ROOT, at("2026-08-01"), &late), Standing::Unknown);
    let mut altered = fixture!("late.crl").to_vec();
    let serial = altered.windows(3).position(|three| three == [2, 1, 0x21]).unwrap();
    altered[serial + 2] = 0x22;
    assert_eq!(of(REVOKED, "2026-08-01", &crls(&[&altered])), Standing::Unknown);
}

#[test]
fn a_response_counts_if_it_names_the_certificate_and_its_issuer_or_delegate_signed() {
    let now = "2027-01-01";
    for answer in [
        fixture!("good-by-issuer.ocsp"),
        fixture!("good-sha256.ocsp"),
        fixture!("good-by-delegate.ocsp"),
    ] {
        assert_eq!(of(GOOD, now, &ocsp(answer)), Standing::Good);
        // It is about another one.
        assert_eq!(of(REVOKED, now, &ocsp(answer)), Standing::Unknown);
        assert_eq!(of(GOOD, "2060-01-01", &ocsp(answer)), Standing::Unknown);
    }
    for answer in [fixture!("revoked-by-issuer.ocsp"), fixture!("revoked-by-delegate.ocsp")] {
        assert_eq!(of(REVOKED, now, &ocsp(answer)), Standing::Revoked(at("2026-06-01")));
        assert_eq!(of(REVOKED, "2026-05-31", &ocsp(answer)), Standing::Good);
    }
    for answer in [fixture!("good-by-checked.ocsp"), fixture!("good-by-pretender.ocsp"), b"none"] {
        assert_eq!(of(GOOD, now, &ocsp(answer)), Standing::Unknown);
    }
    assert_eq!(of(fixture!("bare.der"), now, &ocsp(fixture!("unlisted.ocsp"))), Standing::Unknown);
    // A flipped bit says nothing else; what is not signed (versions, certificates that are not needed) may be flipped.
    let answer = fixture!("revoked-by-issuer.ocsp");
    for place in 0..answer.len() {
        let mut altered = answer.to_vec();
        altered[place] ^= 1;
        let said = of(REVOKED, now, &ocsp(&altered));
        assert!(said != Standing::Good, "byte {place}");
    }
}

#[test]
fn a_path_stands_as_its_worst_certificate() {
    let day = at("2026-08-01");
    let all = crls(&[fixture!("root.crl"), fixture!("late.crl")]);
    assert_eq!(standing_of_path(&[GOOD, SUB, ROOT], day, &all), Standing::Good);
    let leaf_alone = crls(&[fixture!("late.crl")]);
    assert_eq!(standing_of_path(&[GOOD, SUB, ROOT], day, &leaf_alone), Standing::Unknown);
    let revoked = standing_of_path(&[REVOKED, SUB, ROOT], day, &leaf_alone);
    assert_eq!(revoked, Standing::Revoked(at("2026-06-01")));
    // Pinned itself: nobody above it says anything.
    assert_eq!(standing_of_path(&[GOOD], day, &all), Standing::Unknown);
    assert_eq!(standing_of_path(&[], day, &all), Standing::Unknown);
}

#[test]
fn a_policy_has_to_be_named_by_all_below_the_anchor() {
    let one = ObjectIdentifier::new_unwrap("1.2.3.4.1");
    let two = ObjectIdentifier::new_unwrap("1.2.3.4.2");
    let cases: [(&[&[u8]], ObjectIdentifier, bool); 12] = [
        (&[GOOD, SUB, ROOT], one, true),
        (&[GOOD, SUB, ROOT], two, false),
        (&[fixture!("bare.der"), SUB, ROOT], one, false),
        (&[fixture!("under-any.der"), fixture!("any.der"), ROOT], one, true),
        (&[fixture!("any-under-any.der"), fixture!("any.der"), ROOT], one, true),
        (&[fixture!("under-strict.der"), fixture!("strict.der"), ROOT], one, true),
        (&[fixture!("any-under-strict.der"), fixture!("strict.der"), ROOT], one, false),
        (&[fixture!("under-mapped.der"), fixture!("mapped.der"), ROOT], one, false),
        (&[GOOD], one, true),
        (&[fixture!("bare.der")], one, false),
        (&[b"none", SUB, ROOT], one, false),
        (&[], one, false),
    ];
    for (place, (path, policy, expected)) in cases.into_iter().enumerate() {
        assert_eq!(permits(path, policy), expected, "case {place}");
    }
}

proptest! {
    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), place in 0..700_usize) {
        let day = at("2026-08-01");
        for base in [fixture!("late.crl"), fixture!("revoked-by-delegate.ocsp")] {
            let mut spliced = base.to_vec();
            let place = place.min(spliced.len());
            spliced.splice(place..place, bytes.iter().copied());
            let given = RevocationInfo { crls: vec![spliced.clone()], ocsp: vec![spliced] };
            prop_assert!(!bytes.is_empty() || standing(REVOKED, SUB, day, &given) != Standing::Good);
        }
        let _ = standing(&bytes, &bytes, day, &RevocationInfo::default());
    }
}

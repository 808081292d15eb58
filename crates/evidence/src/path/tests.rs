use der::asn1::ObjectIdentifier;
use inkan_core::Timestamp;
use inkan_verifier::RevocationInfo;
use proptest::prelude::*;

use super::*;

pub(crate) mod oracle;

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
fn a_delegate_with_something_critical_that_is_not_known_is_none() {
    let delegate = fixture!("delegate.der");
    assert!(ocsp::is_understood(&Known::read(delegate).unwrap()));
    let mut altered = delegate.to_vec();
    // Key usage, which is critical, becomes an extension that nobody here knows.
    let usage = altered.windows(3).position(|three| three == [0x55, 0x1d, 15]).unwrap();
    altered[usage + 2] = 99;
    assert!(!ocsp::is_understood(&Known::read(&altered).unwrap()));
}

#[test]
fn what_is_pinned_is_looked_at_however_much_travels() {
    let revoked = Standing::Revoked(at("2026-06-01"));
    // Lists in the name of the same issuer, which it did not sign, each another one.
    let forged = |count: usize| -> Vec<Vec<u8>> {
        let base = fixture!("late.crl");
        let place = |n: usize| base.len() - 1 - n % 64;
        let altered = (0..count).map(|n| {
            let mut list = base.to_vec();
            list[place(n)] ^= u8::try_from(1 + n / 64).unwrap();
            list
        });
        altered.collect()
    };
    let pinned = crls(&[fixture!("late.crl")]);
    let answers = ocsp(fixture!("revoked-by-issuer.ocsp"));
    for junk in [vec![vec![]; 32], forged(600), vec![fixture!("root.crl").to_vec(); 600]] {
        let travelling = RevocationInfo { crls: junk.clone(), ocsp: junk.clone() };
        for pins in [&pinned, &answers] {
            let lists = Lists::read(pins, &travelling);
            assert_eq!(lists.standing(REVOKED, SUB, at("2027-01-01")), revoked);
        }
    }
    // What travels counts as well, behind any number of lists that are nobody's, or others'.
    for junk in [vec![vec![]; 5_000], vec![fixture!("root.crl").to_vec(); 5_000], forged(100)] {
        let given = [junk, vec![fixture!("late.crl").to_vec()]].concat();
        let given = RevocationInfo { crls: given, ocsp: vec![] };
        assert_eq!(standing(REVOKED, SUB, at("2026-07-15"), &given), revoked);
        assert_eq!(standing(GOOD, SUB, at("2026-07-15"), &given), Standing::Good);
    }
    // Nobody's time is spent without end on what is forged.
    let lists = Lists::read(&pinned, &RevocationInfo { crls: forged(600), ocsp: vec![] });
    assert_eq!(lists.standing(GOOD, SUB, at("2026-07-15")), Standing::Good);
    assert_eq!(lists.tries.get(), 0);
}

#[test]
fn a_hold_lasts_until_a_later_word_does_not_have_it() {
    let said = |this_update, next_update, revoked, reason| Said {
        this_update,
        next_update: Some(next_update),
        revoked,
        reason,
        knows_ended: false,
    };
    let subject = Known::read(GOOD).unwrap();
    let day = at("2026-07-01").seconds();
    let on = |days: i64| day + days * 86_400;
    let hold = || said(on(0), on(7), Some(on(-1)), Some(CERTIFICATE_HOLD));
    let judged = |words: &[Said], days: i64| {
        of_all(words, &subject, Timestamp::from_seconds(on(days)).unwrap())
    };
    let held = Standing::Revoked(Timestamp::from_seconds(on(-1)).unwrap());
    let released = || said(on(3), on(10), None, None);
    for (words, days, expected) in [
        (vec![hold()], 2, held),
        // It is over; then nothing is known.
        (vec![hold()], 8, Standing::Unknown),
        (vec![hold(), released()], 2, held),
        (vec![released(), hold()], 4, Standing::Good),
        (vec![hold(), released()], 9, Standing::Good),
        // An older word that has it not releases nobody, and a later one may have it again.
        (vec![said(on(-3), on(10), None, None), hold()], 4, held),
        (vec![hold(), said(on(3), on(10), Some(on(-1)), Some(CERTIFICATE_HOLD))], 9, held),
        // A word of after that time was not there then.
        (vec![hold(), said(on(6), on(10), None, None)], 5, held),
        // Who is revoked for good stays so, whatever came later.
        (vec![said(on(0), on(7), Some(on(-1)), Some(1)), released()], 9, held),
        (vec![said(on(0), on(7), Some(on(-1)), None), released()], 9, held),
    ] {
        assert_eq!(judged(&words, days), expected, "{words:?} {days}");
    }
}

#[test]
fn what_can_be_read_is_told_before_it_is_relied_on() {
    assert!(is_crl(fixture!("late.crl")) && !is_ocsp(fixture!("late.crl")));
    assert!(is_ocsp(fixture!("good-sha256.ocsp")) && !is_crl(fixture!("good-sha256.ocsp")));
    for bytes in [&b""[..], b"-----BEGIN X509 CRL-----", SUB] {
        assert!(!is_crl(bytes) && !is_ocsp(bytes));
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

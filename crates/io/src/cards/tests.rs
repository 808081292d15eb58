use std::collections::BTreeSet;

use inkan_evidence::jpki::{BindingProof, BindingTerms, check_binding, serials};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fixtures/jpki/", $name)).as_slice()
    };
}

#[test]
fn lists_are_asked_where_they_are_kept_and_say_nothing_of_others() {
    let scratch = tempfile::tempdir().unwrap();
    let profile = Profile::create(scratch.path(), "bank").unwrap();
    assert!(Cards::load(&profile).unwrap().is_none());
    let config = pin_config(&profile, fixture!("config.json")).unwrap();
    for list in [fixture!("root.crl"), fixture!("signca.crl")] {
        pin_crl(&profile, &config, list).unwrap();
    }
    pin_ocsp(&profile, fixture!("card-good.ocsp")).unwrap();
    assert_eq!(pinned(&profile).unwrap().len(), 4);
    let cards = Cards::load(&profile).unwrap().unwrap();
    let cms = fixture!("signer.p7s");
    let asked = serials(cards.config(), [cms]);
    let proof = BindingProof { statement: fixture!("statement.json"), cms, did_signature: None };
    let terms = BindingTerms { did: "", jkt: "", proofer: None, document: "card" };
    let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
    let of = |jpki| {
        let judged = check_binding(&proof, &terms, &jpki, now);
        let codes: Vec<_> = judged.codes().map(|code| code.code()).collect();
        codes.iter().any(|code| code.contains("revo"))
    };
    // The signer is on no list, and neither is its authority.
    assert!(!of(cards.judge(&asked).unwrap()));
    // Whoever was not asked for is not good: nothing is known.
    assert!(of(cards.judge(&BTreeSet::new()).unwrap()));
    // A revoked one is found.
    let index = CrlIndex::build_under(fixture!("signca.crl"), &config).unwrap();
    assert!(index.len() >= 3, "{}", index.len());
    let all: BTreeSet<Vec<u8>> = index.entries().map(|entry| entry.serial).collect();
    let name = name_of(fixture!("signca.crl"));
    let kept = ask(&folder(&profile).join(format!("{name}{LIST}")), &all).unwrap();
    assert!(kept.entries().eq(index.entries()));
    assert_eq!(kept.head().unwrap(), index.head().unwrap());
    // What no authority of the configuration signed is not kept; nor is half a list.
    assert!(matches!(
        pin_crl(&profile, &config, fixture!("twinca.crl")),
        Err(CardsError::Crl(CrlError::Signature | CrlError::Malformed))
    ));
    let half = &fixture!("signca.crl")[..100];
    assert!(pin_crl(&profile, &config, half).is_err());
    // A table that is damaged is an error, and not an empty list.
    let path = folder(&profile).join(format!("{name}{LIST}"));
    std::fs::write(&path, b"not a table").unwrap();
    assert!(Cards::load(&profile).unwrap().unwrap().judge(&asked).is_err());
    assert!(unpin(&profile, &name).unwrap() && !unpin(&profile, &name).unwrap());
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the time of a look-up is what is measured, and said"
)]
fn a_million_serial_numbers_are_kept_and_asked_in_five_milliseconds() {
    let scratch = tempfile::tempdir().unwrap();
    let config = JpkiConfig::parse(fixture!("config.json")).unwrap();
    let index = CrlIndex::build_under(fixture!("signca.crl"), &config).unwrap();
    let path = scratch.path().join("long.crl.db");
    let long = (0_u32..1_000_000).map(|number| CrlEntry {
        serial: [&[0x40, 0, 0, 0, 0, 0, 0, 0][..], &number.to_be_bytes()].concat(),
        since: Some(1_700_000_000),
        reason: Some(1),
    });
    let long: Vec<CrlEntry> = long.collect();
    let all = long.iter().map(|entry| entry.serial.clone()).collect();
    let long = CrlIndex::kept(&index.head().unwrap(), &all, &long).unwrap();
    let begun = std::time::Instant::now();
    keep(&path, &long).unwrap();
    let kept = begun.elapsed();
    let asked: BTreeSet<Vec<u8>> = all.iter().step_by(50_000).cloned().collect();
    ask(&path, &asked).unwrap();
    let begun = std::time::Instant::now();
    let found = ask(&path, &asked).unwrap();
    let taken = begun.elapsed();
    assert_eq!(found.len(), asked.len());
    let size = std::fs::metadata(&path).unwrap().len();
    println!("{size} bytes: kept in {kept:?}, {} asked in {taken:?}", asked.len());
    assert!(taken.as_millis() <= 5, "{taken:?}");
}

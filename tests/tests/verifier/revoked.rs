//! Certificates of issuers that were revoked, or of which it has to be known that they were not.

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_core::encoding::b64u;
use inkan_credential::{Artefact, Bundle};
use inkan_evidence::x5c::{Demand, IssuerAnchors, Terms};
use inkan_ledger::{Grade, TimestampChecker};
use inkan_tests::world::World;
use inkan_verifier::{CheckName, Context, Material, Receipts, Verification, verify};
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use serde_json::json;

use super::expect::{accepted, open, passed, refused};
use super::stamps::{Authorities, stamp};
use super::x5c::{Authority, Pki, leaf_params, sd_jwt_vc};

const SERIAL: u64 = 77;
const PATH: CheckName = CheckName::KeyInForce;

/// The list of an authority from June to December 2026: who was revoked, in which month of that year.
fn crl(by: &Authority, revoked: Option<u8>) -> Vec<u8> {
    crl_of(by, (6, 12), revoked, None)
}

/// The same, from one month to another, for this reason.
fn crl_of(
    by: &Authority,
    (from, until): (u8, u8),
    revoked: Option<u8>,
    reason_code: Option<RevocationReason>,
) -> Vec<u8> {
    let month = |month: u8| date_time_ymd(2026, month, 1);
    let revoked_certs = revoked.map(|since| RevokedCertParams {
        serial_number: SerialNumber::from(SERIAL),
        revocation_time: month(since),
        reason_code,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: month(from),
        next_update: month(until),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked_certs.into_iter().collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(&by.issuer).expect("a list").der().to_vec()
}

fn chain(pki: &Pki) -> Vec<Vec<u8>> {
    let mut leaf = leaf_params((2026, 2027));
    leaf.serial_number = Some(SerialNumber::from(SERIAL));
    pki.with_leaf(&leaf)
}

fn demanded() -> Terms {
    Terms::default().revocation(Demand::Demanded)
}

fn context(pki: &Pki, terms: &Terms, pinned: &[&[u8]]) -> Context {
    let mut anchors = IssuerAnchors::default();
    anchors.add_file_on(&pki.root.der, terms).expect("a certificate");
    for list in pinned {
        anchors.add_crl(list.to_vec());
    }
    let mut context = World::new(600).context();
    context.certificates = Some(Arc::new(anchors));
    context.receipts = Receipts::Used;
    context
}

fn bundle(pki: &Pki) -> Bundle {
    Bundle::of(Artefact::Credential(sd_jwt_vc(&chain(pki), &pki.key)))
}

fn judge(bundle: &Bundle, context: &Context) -> Verification {
    verify(bundle, &Material::default(), context)
}

#[test]
fn revocation_is_not_known_or_known_or_known_to_be_none() {
    let pki = Pki::new(30);
    let unknown = judge(&bundle(&pki), &context(&pki, &Terms::default(), &[]));
    accepted(&unknown);
    assert_eq!(passed(&unknown, PATH).evidence["revocation"], "not shown");
    let code = "certificate-revocation-unknown";
    open(&judge(&bundle(&pki), &context(&pki, &demanded(), &[])), PATH, code);
    // One list alone does not tell of the intermediate.
    let (good, above) = (crl(&pki.middle, None), crl(&pki.root, None));
    open(&judge(&bundle(&pki), &context(&pki, &demanded(), &[&good])), PATH, code);
    let both = context(&pki, &demanded(), &[&good, &above]);
    let verification = judge(&bundle(&pki), &both);
    accepted(&verification);
    assert_eq!(passed(&verification, PATH).evidence["revocation"], "good");
    // The lists may travel in the bundle: they prove themselves.
    let mut carrying = bundle(&pki);
    for list in [&good, &above] {
        carrying.evidence.push(json!({ "type": "X509Crl", "der": b64u(list) }));
    }
    accepted(&judge(&carrying, &context(&pki, &demanded(), &[])));
    // Another authority's list says nothing.
    let other = Pki::new(31);
    let foreign = [crl(&other.middle, None), crl(&other.root, None)];
    let foreign: Vec<&[u8]> = foreign.iter().map(Vec::as_slice).collect();
    open(&judge(&bundle(&pki), &context(&pki, &demanded(), &foreign)), PATH, code);
}

#[test]
fn who_is_revoked_is_refused_whether_it_was_demanded_or_not() {
    let pki = Pki::new(32);
    let revoked = crl(&pki.middle, Some(6));
    for terms in [Terms::default(), demanded()] {
        let verification = judge(&bundle(&pki), &context(&pki, &terms, &[&revoked]));
        refused(&verification, PATH, "certificate-revoked");
    }
}

#[test]
fn what_travels_along_does_not_crowd_out_what_was_pinned() {
    let pki = Pki::new(35);
    let (revoked, good, above) =
        (crl(&pki.middle, Some(6)), crl(&pki.middle, None), crl(&pki.root, None));
    let empty = || (0..64).map(|n| json!({ "type": "X509Crl", "der": b64u(&[0; 64][..n]) }));
    let flooded = |list: &[u8]| {
        let mut flooded = bundle(&pki);
        flooded.evidence.push(json!({ "type": "X509Crl", "der": b64u(list) }));
        flooded.evidence.extend(empty());
        flooded
    };
    for terms in [Terms::default(), demanded()] {
        let pinned = context(&pki, &terms, &[&revoked, &above]);
        refused(&judge(&flooded(&good), &pinned), PATH, "certificate-revoked");
    }
    let pinned = context(&pki, &demanded(), &[&good, &above]);
    accepted(&judge(&flooded(b""), &pinned));
    // And behind all of it, what travels still counts.
    let mut last = flooded(&above);
    last.evidence.push(json!({ "type": "X509Crl", "der": b64u(&good) }));
    accepted(&judge(&last, &context(&pki, &demanded(), &[])));
}

#[test]
fn an_old_hold_does_not_outweigh_the_list_that_released() {
    let pki = Pki::new(36);
    let held = crl_of(&pki.middle, (5, 12), Some(5), Some(RevocationReason::CertificateHold));
    let over = crl_of(&pki.middle, (4, 5), Some(4), Some(RevocationReason::CertificateHold));
    let for_good = crl_of(&pki.middle, (5, 12), Some(5), Some(RevocationReason::Superseded));
    let (released, above) = (crl(&pki.middle, None), crl(&pki.root, None));
    let carrying = |list: &[u8]| {
        let mut carrying = bundle(&pki);
        carrying.evidence.push(json!({ "type": "X509Crl", "der": b64u(list) }));
        carrying
    };
    let pinned = context(&pki, &demanded(), &[&released, &above]);
    for list in [&held, &over] {
        accepted(&judge(&carrying(list), &pinned));
    }
    let alone = context(&pki, &Terms::default(), &[]);
    refused(&judge(&carrying(&held), &alone), PATH, "certificate-revoked");
    accepted(&judge(&carrying(&over), &alone));
    refused(&judge(&carrying(&for_good), &pinned), PATH, "certificate-revoked");
}

#[test]
fn a_stamp_from_before_the_revocation_keeps_a_signature() {
    let pki = Pki::new(33);
    let revoked = crl(&pki.middle, Some(7));
    let mut terms = context(&pki, &Terms::default(), &[&revoked]);
    terms.grade = Grade::Tsa;
    terms.as_of = Timestamp::parse("2026-08-01T00:00:00Z").unwrap();
    terms.received_at = terms.as_of;
    let authorities: Arc<dyn TimestampChecker> = Arc::new(Authorities(&["one"]));
    terms.timestamps = Some(authorities);
    let mut bundle = bundle(&pki);
    refused(&judge(&bundle, &terms), PATH, "certificate-revoked");
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let signed_at = bundle.artefact.credentials()[0].signed_at().expect("a time");
    assert!(signed_at < at("2026-06-30T00:00:00Z"));
    let items = bundle.signed_items();
    bundle.timestamps = vec![stamp(&items, "one", at("2026-07-02T00:00:00Z"), 3_650)];
    refused(&judge(&bundle, &terms), PATH, "certificate-revoked");
    bundle.timestamps = vec![stamp(&items, "one", at("2026-06-30T00:00:00Z"), 3_650)];
    let verification = judge(&bundle, &terms);
    accepted(&verification);
    assert_eq!(passed(&verification, PATH).evidence["stampedBy"], "2026-06-30T00:00:00Z");
    // Also when the certificate has ended since.
    terms.as_of = at("2028-01-01T00:00:00Z");
    terms.received_at = terms.as_of;
    accepted(&judge(&bundle, &terms));
}

#[test]
fn a_policy_that_is_demanded_has_to_be_named() {
    let pki = Pki::new(34);
    let under = Terms::default().under("1.2.3.4.1").unwrap();
    refused(&judge(&bundle(&pki), &context(&pki, &under, &[])), PATH, "certificate-policy");
    assert!(Terms::default().under("no policy").is_err());
}

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{unsigned, with};

const BODY: &[u8] = b"{\"@context\":{}}";
const URL: &str = "https://acme.example/context/v1";

fn sri_of(hash: &str, digest: &[u8]) -> String {
    format!("{hash}-{}", encoding::b64(digest))
}

fn multihash(code: u8, digest: &[u8]) -> String {
    let mut bytes = vec![code, u8::try_from(digest.len()).unwrap()];
    bytes.extend_from_slice(digest);
    format!("u{}", encoding::b64u(&bytes))
}

fn fit(object: &Value) -> Fit {
    Integrity::of(object).unwrap().unwrap().check(BODY)
}

#[test]
fn each_hash_in_each_form_is_checked() {
    let (short, middle, long) = (sha256(&[BODY]), digest::sha384(&[BODY]), digest::sha512(&[BODY]));
    for digest in [&short.as_bytes()[..], &middle[..], &long[..]] {
        let (name, code) = match digest.len() {
            32 => ("sha256", 0x12),
            48 => ("sha384", 0x20),
            _ => ("sha512", 0x13),
        };
        let mut other = digest.to_vec();
        other[0] ^= 1;
        let bare = |digest: &[u8]| format!("u{}", encoding::b64u(digest));
        let z = |digest: &[u8]| encoding::multibase58(digest);
        for (good, bad) in [
            (
                json!({ "digestSRI": sri_of(name, digest) }),
                json!({ "digestSRI": sri_of(name, &other) }),
            ),
            (
                json!({ "digestSRI": format!("{name}-{}?ct", encoding::b64u(digest)) }),
                json!({ "digestSRI": format!("{name}-{}", encoding::b64u(&other)) }),
            ),
            (
                json!({ "digestMultibase": multihash(code, digest) }),
                json!({ "digestMultibase": multihash(code, &other) }),
            ),
            (
                json!({ "digestMultibase": bare(digest) }),
                json!({ "digestMultibase": bare(&other) }),
            ),
            (json!({ "digestMultibase": z(digest) }), json!({ "digestMultibase": z(&other) })),
        ] {
            assert_eq!(fit(&good), Fit::Same, "{good}");
            assert_eq!(fit(&bad), Fit::Other, "{bad}");
        }
    }
}

#[test]
fn the_strongest_hash_decides_and_every_member_must_hold() {
    let (short, middle) = (sri_of("sha256", sha256(&[BODY]).as_bytes()), digest::sha384(&[BODY]));
    let wrong = sri_of("sha384", &[0; 48]);
    let right = sri_of("sha384", &middle);
    assert_eq!(fit(&json!({ "digestSRI": format!("{short} {wrong}") })), Fit::Other);
    assert_eq!(fit(&json!({ "digestSRI": format!("{wrong}  {right}") })), Fit::Same);
    assert_eq!(fit(&json!({ "digestSRI": [wrong, right] })), Fit::Same);
    let multibase = |digest: &[u8]| multihash(0x20, digest);
    let both = json!({ "digestSRI": short, "digestMultibase": multibase(&[0; 48]) });
    assert_eq!(fit(&both), Fit::Other);
    let both = json!({ "digestSRI": short, "digestMultibase": multibase(&middle) });
    assert_eq!(fit(&both), Fit::Same);
}

#[test]
fn a_hash_that_is_unknown_here_is_no_match() {
    let sha3 = multihash(0x16, &[7; 32]);
    assert_eq!(fit(&json!({ "digestMultibase": sha3 })), Fit::HashUnsupported);
    let wrong = sri_of("sha256", &[0; 32]);
    assert_eq!(fit(&json!({ "digestMultibase": sha3, "digestSRI": wrong })), Fit::Other);
}

#[test]
fn malformed_digests_are_refused() {
    for object in [
        json!({ "digestSRI": "" }),
        json!({ "digestSRI": 1 }),
        json!({ "digestSRI": [] }),
        json!({ "digestSRI": [1] }),
        json!({ "digestSRI": "sha256" }),
        json!({ "digestSRI": "sha256-" }),
        json!({ "digestSRI": "sha256-x" }),
        json!({ "digestSRI": "md5-1B2M2Y8AsgTpgAmY7PhCfg==" }),
        json!({ "digestSRI": sri_of("sha384", &[0; 32]) }),
        json!({ "digestSRI": vec![sri_of("sha256", &[0; 32]); 17] }),
        json!({ "digestMultibase": "" }),
        json!({ "digestMultibase": null }),
        json!({ "digestMultibase": "u" }),
        json!({ "digestMultibase": "u*" }),
        json!({ "digestMultibase": "f00" }),
        json!({ "digestMultibase": multihash(0x12, &[0; 31]) }),
        json!({ "digestMultibase": multihash(0x20, &[0; 33]) }),
        json!({ "digestMultibase": format!("u{}", encoding::b64u(&[0xff; 40])) }),
        json!({ "digestMultibase": format!("u{}", encoding::b64u(&[0x16, 0])) }),
    ] {
        assert_eq!(Integrity::of(&object), Err(MalformedDigest), "{object}");
    }
    assert_eq!(Integrity::of(&json!({ "id": URL })), Ok(None));
}

/// The digests that the Recommendation itself prints for the base context and that of its examples (§5.3).
#[test]
fn the_examples_of_the_recommendation_are_read() {
    for text in [
        "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA",
        "uEiBXOT-8adbvubm13Jy2uYgLCUQ2Cr_i6vRZyeWM8iedfA",
    ] {
        let digests = multibase(text).unwrap();
        assert!(matches!(&digests[..], [Some((Hash::Sha256, _))]), "{text}");
    }
}

fn credential(resources: Value) -> Result<Credential, crate::model::ModelError> {
    Credential::from_value(with(unsigned(), "/relatedResource", resources))
}

#[test]
fn the_report_says_what_was_checked_missing_and_wrong() {
    let digest = sri_of("sha384", &digest::sha384(&[BODY]));
    let resource = |id: &str, digest: &str| json!({ "id": id, "digestSRI": digest });
    let credential = credential(json!([
        resource("urn:a:good", &digest),
        resource("urn:a:wrong", &sri_of("sha384", &[0; 48])),
        resource("urn:a:missing", &digest),
        json!({ "id": "urn:a:unknown", "digestMultibase": multihash(0x16, &[7; 32]) }),
    ]))
    .unwrap();
    let given: BTreeMap<String, Vec<u8>> =
        ["urn:a:good", "urn:a:wrong", "urn:a:unknown", "urn:a:not-named"]
            .map(|id| (id.to_owned(), BODY.to_vec()))
            .into();
    let report = check_related_resources(&credential, &given);
    let found: Vec<_> = report.iter().map(|(one, outcome)| (&*one.id, outcome.code())).collect();
    assert_eq!(
        found,
        [
            ("urn:a:good", None),
            ("urn:a:wrong", Some("related-resource-mismatch")),
            ("urn:a:missing", Some("related-resource-missing")),
            ("urn:a:unknown", Some("related-resource-hash-unsupported")),
        ]
    );
}

/// VCDM 2.0 §B.1 prints the digest of the base context, and the suites over RDF use the same text.
#[test]
fn the_base_context_is_known_as_it_is_published() {
    let url = crate::model::CONTEXT_V2;
    let bytes = known(url).unwrap();
    let hex = "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734";
    assert_eq!(sha256(&[bytes]).to_hex(), hex);
    let read = |bytes: &[u8]| json::parse(bytes, inkan_core::limits::DOCUMENT).unwrap();
    assert_eq!(read(bytes), read(ssi_contexts::CREDENTIALS_V2.as_bytes()));
    assert_eq!(known("https://www.w3.org/ns/credentials/v2/"), None);

    let (short, long) = (sri_of("sha256", sha256(&[bytes]).as_bytes()), digest::sha512(&[bytes]));
    let wrong = |hash: &str, length: usize| sri_of(hash, &vec![7; length]);
    for (digests, expected) in [
        (short.clone(), ResourceOutcome::Checked),
        (format!("{short} {}", sri_of("sha512", &long)), ResourceOutcome::Checked),
        (wrong("sha256", 32), ResourceOutcome::Wrong),
        (wrong("sha512", 64), ResourceOutcome::Wrong),
        // The strongest one decides, whatever a weaker one says.
        (format!("{short} {}", wrong("sha384", 48)), ResourceOutcome::Wrong),
    ] {
        let credential = credential(json!({ "id": url, "digestSRI": digests })).unwrap();
        let report = check_related_resources(&credential, &BTreeMap::new());
        assert_eq!(report[0].1, expected, "{digests}");
    }
    // What the caller has under that URL goes first.
    let own = sri_of("sha384", &digest::sha384(&[BODY]));
    let credential = credential(json!({ "id": url, "digestSRI": own })).unwrap();
    let given = BTreeMap::from([(url.to_owned(), BODY.to_vec())]);
    assert_eq!(check_related_resources(&credential, &given)[0].1, ResourceOutcome::Checked);
}

#[test]
fn digests_of_a_text_that_is_not_at_hand_are_compared() {
    let text: [&[u8]; 2] = [&[1; 32], &[2; 48]];
    let of = |object: Value| Integrity::of(&object).unwrap().unwrap().is_of_digests(&text);
    let sri = |hash: &str, byte: u8, length: usize| sri_of(hash, &vec![byte; length]);
    assert!(of(json!({ "digestSRI": sri("sha256", 1, 32) })));
    assert!(of(
        json!({ "digestSRI": sri("sha384", 2, 48), "digestMultibase": multihash(0x12, &[1; 32]) })
    ));
    assert!(!of(json!({ "digestSRI": sri("sha384", 3, 48) })));
    let weaker = format!("{} {}", sri("sha256", 1, 32), sri("sha512", 1, 64));
    assert!(!of(json!({ "digestSRI": weaker })));
    assert!(!of(
        json!({ "digestSRI": sri("sha384", 2, 48), "digestMultibase": multihash(0x12, &[2; 32]) })
    ));
    assert!(!of(json!({ "digestMultibase": multihash(0x16, &[1; 32]) })));
}

#[test]
fn resources_without_url_digest_or_with_the_same_url_twice_are_refused() {
    let digest = sri_of("sha256", &[0; 32]);
    let good = json!({ "id": URL, "digestSRI": digest, "mediaType": "application/ld+json" });
    assert_eq!(credential(good.clone()).unwrap().related_resources().len(), 1);
    for resources in [
        json!([]),
        json!(URL),
        json!([URL]),
        json!({ "digestSRI": digest }),
        json!({ "id": "context", "digestSRI": digest }),
        json!({ "id": URL }),
        json!({ "id": URL, "digestSRI": "sha256-x" }),
        json!({ "id": URL, "digestSRI": digest, "mediaType": "json" }),
        json!({ "id": URL, "digestSRI": digest, "mediaType": 1 }),
        json!([good, { "id": URL, "digestMultibase": multihash(0x12, &[0; 32]) }]),
    ] {
        let error = credential(resources.clone()).unwrap_err();
        assert_eq!(error.code(), "credential-property-invalid", "{resources}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(sha(256|384|512)-)?[a-zA-Z0-9+/=_ ?-]{0,100}") {
        let _ = Integrity::of(&json!({ "digestSRI": text, "digestMultibase": text }));
        let _ = Integrity::of(&json!({ "digestMultibase": format!("u{text}") }));
    }

    #[test]
    fn a_digest_fits_its_bytes_and_no_others(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        at in 0_usize..200,
    ) {
        let digest = sri_of("sha512", &digest::sha512(&[&body]));
        let integrity = Integrity::of(&json!({ "digestSRI": digest })).unwrap().unwrap();
        prop_assert_eq!(integrity.check(&body), Fit::Same);
        let mut other = body;
        if let Some(byte) = other.get_mut(at) {
            *byte ^= 0x40;
        } else {
            other.push(0);
        }
        prop_assert_eq!(integrity.check(&other), Fit::Other);
    }
}

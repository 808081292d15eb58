//! The attacks of the specification on card signatures, by their names; each is one change to a proof that holds.

use super::*;

#[test]
fn jpk_01_a_certificate_for_logins_is_no_signature() {
    let auth = key(KeyType::P256, 5102);
    Case::by(fixture!("auth.der"), &auth).is_capped(&jpki(), Code::JpkiPolicyNotSignature);
}

#[test]
fn jpk_02_a_revoked_certificate_shows_nothing() {
    let case = Case::by(fixture!("revoked.der"), &card());
    case.is_void(&jpki(), Code::JpkiRevoked);
    case.is_void(&bare().with_ocsp(fixture!("revoked.ocsp")), Code::JpkiRevoked);
    // However many answers are at hand about others.
    let many = (0..40).fold(bare(), |jpki, _| jpki.with_ocsp(fixture!("card-good.ocsp")));
    case.is_void(&many.with_ocsp(fixture!("revoked.ocsp")), Code::JpkiRevoked);
    // Its authority was revoked.
    let bad = jpki().with_crl(list(fixture!("root-bad.crl"), fixture!("root.der")));
    Case::by(fixture!("card.der"), &card()).is_void(&bad, Code::JpkiRevoked);
    // Revoked after the time that is judged: harmless if the card was merely replaced.
    let early = "2026-05-01T00:00:00Z";
    Case::by(fixture!("replaced.der"), &card()).judged_at(early).is_good(&jpki());
    Case::by(fixture!("replaced.der"), &card()).is_void(&jpki(), Code::JpkiRevoked);
    Case::by(fixture!("lost.der"), &card()).judged_at(early).is_void(&jpki(), Code::JpkiRevoked);
}

#[test]
fn jpk_03_unknown_is_not_good() {
    let case = Case::by(fixture!("card.der"), &card());
    case.is_capped(&bare(), Code::JpkiRevocationUndetermined);
    // Known of the person, and not of the authority above.
    let half = bare().with_crl(list(fixture!("signca.crl"), fixture!("signca.der")));
    case.is_capped(&half, Code::RevocationResponseInvalid);
}

#[test]
fn jpk_04_a_chain_to_another_root_leads_nowhere() {
    let chain = [fixture!("twincard.der"), fixture!("twinca.der"), fixture!("twin.der")];
    Case::with(signed(STATEMENT, &chain, &card())).is_void(&jpki(), Code::JpkiPathInvalid);
    let mut production = config_json();
    production["profiles"][0]["roots"] = json!([sha256(&[b"another root"]).to_hex()]);
    let case = Case::by(fixture!("card.der"), &card());
    case.is_void(&configured(&production), Code::JpkiPathInvalid);
    // A certificate of a person certifies nobody, whatever it is pinned as.
    let mut leaf = config_json();
    leaf["profiles"][0]["roots"] = json!([sha256(&[fixture!("card.der")]).to_hex()]);
    case.is_void(&configured(&leaf), Code::JpkiPathInvalid);
    // An algorithm that is not on the list, of a signature or on the path.
    let mut rsa = config_json();
    rsa["profiles"][0]["algorithms"] = json!(["rsa-2048-sha256"]);
    case.is_void(&configured(&rsa), Code::CmsInvalid);
    rsa["profiles"][0]["algorithms"] = json!(["p256-sha256"]);
    case.is_void(&configured(&rsa), Code::JpkiPathInvalid);
}

#[test]
fn jpk_05_a_nonce_is_used_once_by_whom_it_was_made_for() {
    let asked = || vec![NONCE.to_owned()];
    let case = Case::by(fixture!("card.der"), &card());
    case.is_good(&jpki().asking(CITY, asked()));
    // Consumed before, or never issued.
    case.is_void(&jpki().asking(CITY, []), Code::StatementNonceInvalid);
    case.is_void(
        &jpki().asking(CITY, ["EBESExQVFhcYGRobHB0eHw".to_owned()]),
        Code::StatementNonceInvalid,
    );
    // Made for somebody else than this verifier and the proofer.
    let (did, vm, jkt) = did_of(&holder());
    let other = (at("2026-03-01T10:20:00Z"), ("https://shop.example", NONCE));
    let read = BindingStatement::new((&did, &vm, &jkt), other.1, other.0).unwrap();
    let mut lifted = Case::with(signed(&read.to_bytes(), &[fixture!("card.der")], &card()));
    lifted.statement = read.to_bytes();
    lifted.did_signature = Some(sign_holder_part(&read, &holder()).unwrap());
    lifted.is_void(&jpki().asking("https://here.example", asked()), Code::StatementNonceInvalid);
    lifted.is_good(&jpki().asking("https://shop.example", asked()));
}

#[test]
fn jpk_06_a_statement_serves_no_other_holder() {
    let thief = key(KeyType::Ed25519, 5199);
    let (did, vm, jkt) = did_of(&thief);
    let own = did_of(&holder());
    // Lifted by somebody else.
    let mut case = Case::by(fixture!("card.der"), &card());
    (case.did, case.jkt) = (did.clone(), jkt.clone());
    case.is_void(&jpki(), Code::StatementDidMismatch);
    // DID, method or thumbprint of another one in what was signed.
    for key in [(&did, &vm, &jkt), (&own.0, &own.1, &jkt), (&did, &vm, &own.2)] {
        let read =
            BindingStatement::new((key.0, key.1, key.2), (CITY, NONCE), at("2026-03-01T10:20:00Z"));
        let read = read.unwrap();
        let mut case = Case::with(signed(&read.to_bytes(), &[fixture!("card.der")], &card()));
        case.statement = read.to_bytes();
        case.did_signature = Some(sign_holder_part(&read, &holder()).unwrap());
        case.is_void(&jpki(), Code::StatementDidMismatch);
    }
    let mixed = BindingStatement::new((&own.0, &vm, &own.2), (CITY, NONCE), at(NOW));
    assert_eq!(mixed, Err(StatementError::Key));
}

#[test]
fn jpk_07_the_did_key_signs_too() {
    let mut case = Case::by(fixture!("card.der"), &card());
    let good = case.did_signature.take().unwrap();
    case.is_void(&jpki(), Code::DidCountersignatureMissing);
    let by_another = sign_holder_part(&statement(), &key(KeyType::Ed25519, 5199)).unwrap();
    let (head, seal) = good.split_once("..").unwrap();
    let header = |value: Value| encoding::b64u(value.to_string().as_bytes());
    let vm = statement().vm().to_owned();
    let typ = header(json!({ "alg": "EdDSA", "kid": vm, "typ": "JWT" }));
    for text in [
        by_another,
        format!("{typ}..{seal}"),
        format!("{head}.{}.{seal}", encoding::b64u(STATEMENT)),
        format!("{head}..{}", seal.split_at(seal.len() - 4).0),
        String::new(),
        "..".to_owned(),
        "x".repeat(10_000),
    ] {
        case.did_signature = Some(text);
        case.is_void(&jpki(), Code::DidCountersignatureMissing);
    }
    // A signature of the right key under another type.
    let mut members = serde_json::Map::new();
    members.insert("typ".to_owned(), json!("other+jws"));
    members.insert("kid".to_owned(), json!(vm));
    let other = inkan_crypto::jws::sign(members, STATEMENT, &holder()).unwrap();
    let parts: Vec<&str> = other.split('.').collect();
    case.did_signature = Some(format!("{}..{}", parts[0], parts[2]));
    case.is_void(&jpki(), Code::DidCountersignatureMissing);
}

#[test]
fn jpk_08_a_policy_that_is_not_configured_counts_for_nothing() {
    for certificate in [fixture!("unknown-policy.der"), fixture!("no-policy.der")] {
        Case::by(certificate, &card()).is_void(&jpki(), Code::JpkiPolicyUnknown);
    }
}

#[test]
fn jpk_09_an_answer_to_another_question_is_none() {
    let case = Case::by(fixture!("card.der"), &card());
    let above = || bare().with_crl(list(fixture!("root.crl"), fixture!("root.der")));
    for answer in [fixture!("signer-good.ocsp"), fixture!("card-pretender.ocsp"), b"none"] {
        let jpki = above().with_ocsp(answer);
        case.is_capped(&jpki, Code::RevocationResponseInvalid);
    }
    // Its time had passed.
    let short = above().with_ocsp(fixture!("card-short.ocsp"));
    let late = Case::by(fixture!("card.der"), &card()).judged_at("2045-01-01T00:00:00Z");
    late.is_capped(&short, Code::RevocationResponseInvalid);
    let stale = above().with_crl(list(fixture!("signca-stale.crl"), fixture!("signca.der")));
    case.is_capped(&stale, Code::RevocationResponseInvalid);
}

#[test]
fn forged_and_swapped_signatures_are_none() {
    for cms in [
        fixture!("attached.p7s"),
        fixture!("bare.p7s"),
        fixture!("two.p7s"),
        fixture!("unnamed.p7s"),
        fixture!("sha1.p7s"),
        b"none",
    ] {
        Case::with(cms.to_vec()).is_void(&jpki(), Code::CmsInvalid);
    }
    // Over another statement: the digest that was signed is another one.
    let other = String::from_utf8(STATEMENT.to_vec()).unwrap().replace("1772360400", "1772360401");
    let cms = signed(other.as_bytes(), &[fixture!("card.der")], &card());
    Case::with(cms).is_void(&jpki(), Code::CmsInvalid);
    // By another key than the certificate's.
    let cms = signed(STATEMENT, &[fixture!("card.der")], &key(KeyType::P256, 5102));
    Case::with(cms).is_void(&jpki(), Code::CmsInvalid);
    // Another certificate of the same key in its place: the signature names the first.
    let cms = signed(STATEMENT, &[fixture!("unknown-policy.der")], &card());
    let mut info = ContentInfo::from_der(&cms).unwrap();
    let swapped = vec![Any::from_der(fixture!("card.der")).unwrap()];
    info.content.certificates = Some(SetOfVec::try_from(swapped).unwrap());
    Case::with(info.to_der().unwrap()).is_void(&jpki(), Code::CmsInvalid);
}

#[test]
fn no_flipped_bit_of_a_card_signature_goes_unseen() {
    let whole = signed(STATEMENT, &[fixture!("card.der")], &card());
    let good = Case::with(whole.clone()).judge(&bare());
    assert_eq!(good.bound().map(|bound| bound.policy.as_str()), Some("1.2.3.5.1.20"));
    let mut unseen = Vec::new();
    for place in 0..whole.len() {
        let mut altered = whole.clone();
        altered[place] ^= 1 << (place % 8);
        // The certificate is named by its digest in what is signed, so nothing in it may change either.
        if Case::with(altered).judge(&bare()).bound().is_some() {
            unseen.push(place);
        }
    }
    // CMS signs neither its version numbers nor its list of digest algorithms (RFC 5652 §5.4). Nothing is read from them: the algorithm
    // that counts is the signer's.
    let after = |from: usize, what: &[u8]| {
        let found = whole[from..].windows(what.len()).position(|bytes| bytes == what);
        from + found.expect("it is there")
    };
    let (version, sha256): (&[u8], &[u8]) =
        (&[0x02, 0x01, 0x01], &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]);
    let certificate = fixture!("card.der");
    let signer = after(0, certificate) + certificate.len();
    let listed = after(0, sha256);
    let mut unsigned = vec![after(0, version) + 2];
    unsigned.extend(listed..listed + sha256.len());
    unsigned.push(after(signer, version) + 2);
    assert_eq!(unseen, unsigned, "of {}", whole.len());
}

#[test]
fn certificates_that_are_for_something_else_lead_nowhere() {
    for certificate in [fixture!("no-nonrep.der"), fixture!("strange.der"), fixture!("ended.der")] {
        Case::by(certificate, &card()).is_void(&jpki(), Code::JpkiPathInvalid);
    }
    // While it was in force the path held. A list from after its end may have left it out, and says nothing of it.
    let earlier = Case::by(fixture!("ended.der"), &card()).judged_at("2026-03-02T00:00:00Z");
    earlier.is_capped(&jpki(), Code::RevocationResponseInvalid);
}

#[test]
fn a_statement_has_one_reading() {
    let text = String::from_utf8(STATEMENT.to_vec()).unwrap();
    let changes = [
        (text.replace("inkan-did-binding/1", "inkan-jpki-login/1"), Code::StatementTypeInvalid),
        (text.replace("identity-proofing", "payment"), Code::StatementTypeInvalid),
        (text.replace("{\"aud\"", "{ \"aud\""), Code::StatementTypeInvalid),
        (text.replace("\"iat\":1772360400", "\"iat\":1772360400.0"), Code::StatementTypeInvalid),
        (text.replace("\"iat\":", "\"ial\":\"3\",\"iat\":"), Code::StatementTypeInvalid),
        (text.replace(NONCE, "AAECAwQFBgcICQoLDA0O"), Code::StatementNonceInvalid),
        (text.replace(NONCE, "AAECAwQFBgcICQoLDA0ODw=="), Code::StatementNonceInvalid),
        (text.replace("1772360400", "1999999999"), Code::ProofingTimeInFuture),
        ("x".repeat(9_000), Code::StatementTypeInvalid),
    ];
    for (changed, code) in changes {
        let cms = signed(changed.as_bytes(), &[fixture!("card.der")], &card());
        let mut case = Case::with(cms);
        case.statement = changed.into_bytes();
        case.is_void(&jpki(), code);
    }
    assert_eq!(statement().to_bytes(), STATEMENT);
}

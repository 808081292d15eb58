//! One function for each parser of foreign bytes: what a fuzz target calls, and what the replay of its corpus calls.
//!
//! In scope: bytes in, no panic, and what must hold whenever a parser accepts: what was read can be written and read again
//! with the same result. Out of scope: which bytes to try (`tests/fuzz`).
//!
//! The fuzz targets include this file by path, so it may use our own crates and `serde_json` alone.

use std::sync::LazyLock;

use inkan_assurance::{CaseTable, Catalogue, Policy};
use inkan_core::codes::CodeBook;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::time::CalendarSpan;
use inkan_core::{Timestamp, encoding, json, limits};
use inkan_credential::countersignature::{self, Countersignature};
use inkan_credential::delegation::{Chain, Grant, Power};
use inkan_credential::proof_check::Named;
use inkan_credential::sd_jwt::{ClaimPath, SdJwt};
use inkan_credential::sd_jwt_vc::{SdJwtVc, TypeMetadata};
use inkan_credential::selective::{self, Disclosure};
use inkan_credential::status_list::{BitstringStatusList, StatusListCredential};
use inkan_credential::token_status_list::{self, ReferencedCwt, StatusListToken};
use inkan_credential::{
    Artefact, Bundle, ConsentReceipt, Contexts, Credential, Presentation, SecuredCredential,
    bundle, canonical_nquads, inline_context, proof_check, schema,
};
use inkan_crypto::jws::Jws;
use inkan_crypto::{PublicKey, keystore};
use inkan_did::webvh::{self, Entry, History};
use inkan_did::{Did, DidDocument, DidUrl, published, resolve_self_contained};
use inkan_evidence::authn_event::EventToken;
use inkan_evidence::jpki::{
    BindingProof, BindingStatement, BindingTerms, CrlIndex, Jpki, JpkiConfig, LoginStatement,
    check_binding,
};
use inkan_evidence::key_attestation::KeyAttestation;
use inkan_evidence::metadata::{Metadata, Pinned};
use inkan_evidence::model::ProofingEvidence;
use inkan_evidence::register_check::RegisterToken;
use inkan_evidence::registry::AnswerTerms;
use inkan_evidence::webauthn::{
    AuthenticatorData, ClientData, Registration, platform_structure, read_attestation_object,
};
use inkan_evidence::{PresentationEvidence, Registry, cms, path, tsa, x5c};
use inkan_io::exchange_client::ExchangeUrl;
use inkan_ledger::add_checkpoint::{self, AddCheckpoint};
use inkan_ledger::anchored::pack::{PREFIX, ROW};
use inkan_ledger::anchored::{AnchorProof, PackHead, RecordName, Row};
use inkan_ledger::batch;
use inkan_ledger::current::{CurrentProof, verify_current};
use inkan_ledger::epoch::{Epoch, MapRoot};
use inkan_ledger::evidence::forks_from_value;
use inkan_ledger::parameters::{Parameters, ParametersDocument};
use inkan_ledger::policy::policy_for_others;
use inkan_ledger::receipt::{Receipt, verify_receipt};
use inkan_ledger::state::{Candidate, Controller, ImportSubmission, Machine, Memory, Standing};
use inkan_ledger::tree::Frontier;
use inkan_ledger::tree::tiles::{TilePath, decode_bundle, encode_bundle};
use inkan_ledger::{
    Checkpoint, CoseReceipt, Evidence, Kind, Leaf, LeafHash, LogPolicy, MapKey, MapValue, Promise,
    SignedEntry, SignedNote, VerifierKey, state, verify_promise,
};
use inkan_server::desk::form;

/// The policy of the log that the seeds of receipts and current-proofs are from.
const POLICY: &str = include_str!("../fuzz/seed.policy");

/// What the tokens among the seeds are over, and the certificate that vouches for them.
const TIMESTAMPED: &[u8] = include_bytes!("../../fixtures/tsa/note.txt");
const TIMESTAMP_ROOT: &[u8] = include_bytes!("../../fixtures/tsa/root.der");

/// What the CMS signatures among the seeds are over.
const SEALED: &[u8] = include_bytes!("../../fixtures/eseal/text.txt");
/// A certificate that was revoked, and the one above it.
const REVOKED: &[u8] = include_bytes!("../../fixtures/path/revoked.der");
const AUTHORITY: &[u8] = include_bytes!("../../fixtures/path/sub.der");

/// What a card signed, which certificates count, and a list of those that were revoked.
const CARD_STATEMENT: &[u8] = include_bytes!("../../fixtures/jpki/statement.json");
const CARD_CONFIG: &[u8] = include_bytes!("../../fixtures/jpki/config.json");
const CARD_LIST: &[u8] = include_bytes!("../../fixtures/jpki/signca.crl");

/// A target: its name, which is that of its corpus too, and the function it calls.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("json", json_text),
    ("encodings", encodings),
    ("time", time),
    ("public_key", public_key),
    ("jws", jws),
    ("keystore", sealed_keystore),
    ("did", did),
    ("did_document", did_document),
    ("webvh_entry", webvh_entry),
    ("webvh_history", webvh_history),
    ("credential", credential),
    ("secured_credential", secured_credential),
    ("presentation", presentation),
    ("countersignature", countersignature_jws),
    ("consent", consent_receipt),
    ("desk_form", desk_form),
    ("exchange_answer", exchange_answer),
    ("delegation", power_of_attorney),
    ("bundle", bundle_file),
    ("proof_check", proofs),
    ("proof_value", proof_value),
    ("rdfc", canonical_rdf),
    ("status_list", status_list),
    ("sd_jwt", sd_jwt),
    ("token_status_list", token_list),
    ("schema", json_schema),
    ("leaf", leaf),
    ("note", note),
    ("log_policy", log_policy),
    ("signed_entry", signed_entry),
    ("receipt", receipt),
    ("current_proof", current_proof),
    ("anchor_proof", anchor_proof),
    ("anchor_pack", anchor_pack),
    ("epoch", epoch),
    ("parameters", parameters),
    ("ledger_store", ledger_store),
    ("import", import),
    ("tiles", tiles),
    ("promise", promise),
    ("ledger_evidence", ledger_evidence),
    ("cose_receipt", cose_receipt),
    ("batch", framed_batch),
    ("add_checkpoint", add_checkpoint_request),
    ("witness_answer", witness_answer),
    ("timestamp", timestamp),
    ("cms", cms_signature),
    ("revocation", revocation),
    ("card_statement", card_statement),
    ("card_config", card_config),
    ("card_signature", card_signature),
    ("revocation_list", revocation_list),
    ("evidence", evidence),
    ("registry", registry),
    ("webauthn", webauthn),
    ("attestation_object", attestation_object),
    ("fido_metadata", fido_metadata),
    ("key_token", key_token),
    ("presentation_evidence", presentation_evidence),
    ("policy", policy),
    ("policy_cases", policy_cases),
    ("certificate", certificate),
];

/// Strict JSON; whatever is accepted has a canonical form that means the same.
pub fn json_text(bytes: &[u8]) {
    if let Ok(value) = json::parse(bytes, limits::DOCUMENT) {
        let canonical = json::canonicalize(&value).expect("what is accepted has a canonical form");
        let again = json::parse(&canonical, usize::MAX).expect("the canonical form is JSON");
        assert_eq!(json::canonicalize(&again).expect("canonical"), canonical);
    }
}

/// Hexadecimal, base64, base64url, base58, multibase, multihash: one spelling for each value.
pub fn encodings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(decoded) = encoding::decode_hex(text) {
        assert_eq!(encoding::hex(&decoded), text);
    }
    if let Ok(decoded) = encoding::decode_b64u(text) {
        assert_eq!(encoding::b64u(&decoded), text);
    }
    if let Ok(decoded) = encoding::decode_b64(text) {
        assert_eq!(encoding::b64(&decoded), text);
    }
    let decoded = encoding::decode_base58btc(text);
    if let Ok(decoded) = &decoded {
        assert_eq!(encoding::base58btc(decoded), text);
    }
    let multihash = decoded.is_ok_and(|all| all.len() == 34 && all.starts_with(&[0x12, 0x20]));
    assert_eq!(encoding::is_multihash58(text), multihash);
    assert_eq!(encoding::secret::decode_b64(text).is_ok(), encoding::decode_b64(text).is_ok());
    assert_eq!(encoding::secret::decode_b64u(text).is_ok(), encoding::decode_b64u(text).is_ok());
    let _ = encoding::decode_multibase(text);
}

/// Times and spans of the calendar.
pub fn time(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(time) = Timestamp::parse_strict(text) {
        assert_eq!(time.to_string(), text);
    }
    if let Ok(time) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
    }
    if let Ok(span) = CalendarSpan::parse(text) {
        let _ = Timestamp::EPOCH.plus(span);
    }
}

/// Public keys as Multikey and as JWK, and in the metadata of issuers.
pub fn public_key(bytes: &[u8]) {
    let _ = published::key_in(bytes, "https://a.example", Some("key-1"));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = PublicKey::from_multikey(text) {
        assert_eq!(key.to_multikey(), text);
        assert_eq!(PublicKey::from_jwk(&key.to_jwk()), Ok(key));
    }
    if let Ok(jwk) = json::parse(bytes, limits::DOCUMENT)
        && let Ok(key) = PublicKey::from_jwk(&jwk)
    {
        assert_eq!(PublicKey::from_multikey(&key.to_multikey()), Ok(key));
    }
}

/// The strict compact JWS.
pub fn jws(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(jws) = Jws::parse(text, limits::JWS) {
        assert!(text.starts_with(jws.signing_input()));
        let _ = jws.verify(&some_key());
    }
}

/// A sealed keystore, as far as it can be read without its passphrase.
pub fn sealed_keystore(bytes: &[u8]) {
    let _ = keystore::list_sealed(bytes);
}

/// DIDs, DID URLs, and the documents that follow from a DID alone.
pub fn did(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(did) = Did::parse(text) {
        assert_eq!(did.as_str(), text);
        let _ = webvh::document_url(&did);
        if let Ok(document) = resolve_self_contained(&did) {
            assert_eq!(document.id(), &did);
        }
    }
    if let Ok(url) = DidUrl::parse(text) {
        let _ = (url.did().as_str(), url.fragment());
    }
}

/// A DID document under the DID it names itself.
pub fn did_document(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, limits::DID_DOCUMENT) else { return };
    let Some(Ok(did)) = json::text(&value, "id").map(Did::parse) else { return };
    if let Ok(document) = DidDocument::parse(bytes, &did) {
        assert_eq!(document.id(), &did);
        let _ = document.ledger_log();
    }
}

/// One did:webvh entry under the rules of a ledger, with witness proofs after the first line end.
pub fn webvh_entry(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default();
    if let Ok(entry) = Entry::parse(line, lines.next()) {
        let _ = webvh::check_next(None, &entry, far_future());
    }
}

/// A whole did:webvh log under the rules of a resolver.
pub fn webvh_history(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (log, witnesses) = match text.split_once("\n\n") {
        Some((log, witnesses)) => (log, Some(witnesses)),
        None => (text, None),
    };
    if let Ok(history) = History::verify(log, witnesses, far_future()) {
        assert!(!history.versions().is_empty());
        assert!(history.version(history.latest().version_id()).is_some());
    }
}

/// An unsecured credential.
pub fn credential(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, limits::DOCUMENT) else { return };
    if let Ok(credential) = Credential::from_value(value) {
        let text = countersignature::render_text(&credential);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        if let Ok(list) = StatusListCredential::from_credential(&credential) {
            for entry in credential.status() {
                let _ = list.check(entry);
            }
        }
    }
}

/// A secured credential in any of its forms; what was read is written, and read again.
pub fn secured_credential(bytes: &[u8]) {
    if let Ok(credential) = SecuredCredential::parse(bytes) {
        let again =
            SecuredCredential::parse(credential.to_bare().as_bytes()).expect("our own text");
        assert_eq!(again.credential().value(), credential.credential().value());
        assert_eq!(again.issuance_digest(), credential.issuance_digest());
        let _ = credential.verify_issuer_proof(&some_key());
        let _ = countersignature::list(&credential, &[]);
    }
}

/// A presentation in any of its forms.
pub fn presentation(bytes: &[u8]) {
    if let Ok(presentation) = Presentation::parse(bytes) {
        Presentation::parse(presentation.to_bare().as_bytes()).expect("our own text");
        let _ = presentation.verify_proof(&some_key());
    }
}

/// A countersignature that travels beside its credential.
pub fn countersignature_jws(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(countersignature) = Countersignature::parse_compact(text) {
        assert_eq!(countersignature.compact(), Some(text));
    }
}

/// A consent receipt, or one record; what is written again has the same digests.
pub fn consent_receipt(bytes: &[u8]) {
    if let Ok(read) = ConsentReceipt::parse(bytes) {
        let text = read.to_value().to_string();
        let again = ConsentReceipt::parse(text.as_bytes()).expect("our own receipt");
        assert_eq!(again.to_value(), read.to_value());
        for (one, other) in read.states().iter().zip(again.states()) {
            assert_eq!(one.digest(), other.digest());
            assert_eq!((one.terms(), one.event()), (other.terms(), other.event()));
        }
    }
}

/// The content type of a form on the first line, its body behind it.
pub fn desk_form(bytes: &[u8]) {
    let mut halves = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some(kind), Some(body)) = (halves.next(), halves.next()) else { return };
    let Ok(kind) = std::str::from_utf8(kind) else { return };
    if let Some(read) = form::presentation(kind, body) {
        assert!(!read.is_empty() && read.len() < body.len());
        assert!(body.windows(read.len()).any(|window| window == read));
    }
}

/// What an exchange answers, as the newest state of an offer and as a refusal: nothing of it shows the offer's URL, or hides what
/// it says.
pub fn exchange_answer(bytes: &[u8]) {
    let offer = ExchangeUrl::parse("https://exchange.example/offers/secret").expect("a URL");
    let mut said = vec![offer.read_refusal(302, bytes), offer.read_refusal(409, bytes)];
    match offer.read_state(bytes) {
        Ok(state) => {
            assert_eq!(json::text(&state, "type"), Some("inkan-exchange/1"));
            assert!(state.get("bundle").is_some_and(serde_json::Value::is_object));
        }
        Err(error) => said.push(error),
    }
    for error in said {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("offers/secret") && !text.contains('\u{202e}'), "{text}");
        assert!(!error.code().is_empty());
    }
}

/// The claim of a power of attorney, and a credential that makes it.
pub fn power_of_attorney(bytes: &[u8]) {
    if let Ok(claim) = json::parse(bytes, limits::DOCUMENT)
        && let Ok(grant) = Grant::from_value(&claim)
    {
        assert_eq!(Grant::from_value(&grant.to_value()).as_ref(), Ok(&grant));
    }
    if let Ok(secured) = SecuredCredential::parse(bytes)
        && let Ok(power) = Power::of(&secured)
    {
        let _ = Chain::of(vec![power]);
    }
}

/// A bundle, or whatever else a command reads.
pub fn bundle_file(bytes: &[u8]) {
    if let Ok(read) = Bundle::parse(bytes) {
        let text = read.to_value().to_string();
        let again = Bundle::parse(text.as_bytes()).expect("our own bundle");
        assert_eq!(again.to_value(), read.to_value());
        assert_eq!(again.receipts, read.receipts, "the short spelling says the same");
    }
    if let Ok(read) = bundle::read_any(bytes) {
        match read.into_bundle().artefact {
            Artefact::Credential(credential) => drop(credential.to_bare()),
            Artefact::Presentation(presentation) => drop(presentation.to_bare()),
        }
    }
}

/// `inkan proof check`: proofs with a key at hand, and without.
pub fn proofs(bytes: &[u8]) {
    let _ = proof_check::check(bytes, &mut |_| None);
    let mut any = |_: Named<'_>| Some(some_key());
    if let Ok(report) = proof_check::check_named(bytes, &mut any, Contexts::built_in()) {
        assert!(!report.proofs.is_empty());
    }
}

/// The credential that the seeds of proof values are over, without its proof.
pub fn selective_document() -> serde_json::Value {
    serde_json::json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", inline_context()],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "name": "zebra",
        "credentialSubject": { "givenName": "ostrich", "address": { "town": "lemur" } },
    })
}

/// The value of a proof of selective disclosure, before it is written in base64url, behind one document: whatever can
/// be derived from it is read again, and of `ecdsa-sd-2023` keeps the issuer's signature.
pub fn proof_value(bytes: &[u8]) {
    const ECDSA: (&str, &str) =
        ("ecdsa-sd-2023", "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169");
    const BBS: (&str, &str) = (
        "bbs-2023",
        "zUC7DerdEmfZ8f4pFajXgGwJoMkV1ofMTmEG5UoNvnWiPiLuGKNeqgRpLH2TV4Xe5mJ2cXV76gRN7LFQwapF1VFu6x2yrr5ci1mXqC1WNUrnHnLgvfZfMH7h6xP6qsf9EKRQrPQ",
    );
    let (suite, key) = if matches!(bytes, [_, _, 0 | 1, ..]) { ECDSA } else { BBS };
    let mut document = selective_document();
    document["proof"] = serde_json::json!({
        "type": "DataIntegrityProof",
        "cryptosuite": suite,
        "verificationMethod": "did:example:issuer#key",
        "proofPurpose": "assertionMethod",
        "proofValue": format!("u{}", encoding::b64u(bytes)),
    });
    let Ok(credential) = SecuredCredential::parse_value(document) else { return };
    let contexts = Contexts::built_in();
    let key = PublicKey::from_multikey(key).expect("a key");
    // The seeds were made with another key.
    assert!(credential.verify_issuer_proof(&key).is_err());
    assert!(selective::verify_base(&credential, &key, contexts).is_err());
    let pointers = &["/credentialSubject/address"];
    let disclosure = Disclosure { pointers, keep: &[], presentation_header: &[] };
    let mut rng = SeededRng::new(1);
    if let Ok(derived) = selective::derive(&credential, &disclosure, contexts, &mut rng) {
        assert!(selective::is_base(&credential) && !selective::is_base(&derived));
        let kept = derived.issuance_digest() == credential.issuance_digest();
        assert_eq!(kept, suite == ECDSA.0);
        assert!(SecuredCredential::parse(derived.to_bare().as_bytes()).is_ok());
    }
}

/// The canonical form of a document as RDF: one text, whatever is remembered; its lines are sorted and distinct.
pub fn canonical_rdf(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, limits::DOCUMENT) else { return };
    let contexts = Contexts::built_in();
    let first = canonical_nquads(&value, contexts);
    assert_eq!(canonical_nquads(&value, contexts), first);
    if let Ok(text) = first {
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.is_sorted_by(|one, next| one < next));
    }
}

/// The encoded list of a status list credential.
pub fn status_list(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(list) = BitstringStatusList::decode(text) {
        let again = BitstringStatusList::decode(&list.encode().expect("a list")).expect("our own");
        assert_eq!((again.len(), again.count_set()), (list.len(), list.count_set()));
    }
}

/// An SD-JWT in any serialisation, what may be derived from it, and the type metadata of SD-JWT VCs.
pub fn sd_jwt(bytes: &[u8]) {
    let _ = TypeMetadata::parse(bytes, "https://type.example", None);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = ClaimPath::parse(text);
    let json = json::parse(bytes, limits::DOCUMENT).ok();
    let Ok(read) = json.map_or_else(|| SdJwt::parse(text), |value| SdJwt::parse_json(&value))
    else {
        return;
    };
    let again = SdJwt::parse(&read.to_compact()).expect("our own");
    assert_eq!((again.payload(), again.located()), (read.payload(), read.located()));
    assert_eq!(read.disclosures().len(), read.located().len());
    let _ = (read.confirmation(), read.verify(&some_key()));
    let _ = SdJwtVc::from_sd_jwt(read.clone());
    if read.key_binding().is_none() {
        let bare = read.derive(&[]).expect("nothing is always there");
        assert!(bare.disclosures().is_empty());
        let all = (0..read.disclosures().len()).collect();
        assert_eq!(read.keep(&all).expect("all of it"), read);
    }
}

/// A status list token as JWT or CWT, a CWT that refers to one, and a list of lists.
pub fn token_list(bytes: &[u8]) {
    let _ = (ReferencedCwt::parse(bytes), token_status_list::parse_aggregation(bytes));
    let text = std::str::from_utf8(bytes).ok();
    let jwt = text.and_then(|text| StatusListToken::parse_jwt(text).ok());
    for token in [jwt, StatusListToken::parse_cwt(bytes).ok()].into_iter().flatten() {
        assert_eq!(token.to_bytes(), bytes);
        let (list, _) = (token.list(), token.verify(&some_key()));
        assert_eq!(list.is_empty(), list.get(0).is_err());
        assert!(list.get(list.len()).is_err());
    }
}

/// A schema and what it is to judge, one JSON text in two members.
pub fn json_schema(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, limits::DOCUMENT) else { return };
    if let (Some(instance), Some(schema)) = (value.get("instance"), value.get("schema")) {
        let _ = schema::validate(instance, schema);
    }
}

/// A leaf of the log.
pub fn leaf(bytes: &[u8]) {
    if let Ok(leaf) = Leaf::parse(bytes) {
        assert_eq!(leaf.to_bytes(), bytes);
    }
    if let Some(value) = MapValue::parse(bytes) {
        assert_eq!(value.to_bytes().as_slice(), bytes);
    }
}

/// Signed notes, the checkpoints in them, and the keys that verify them.
pub fn note(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(note.to_string(), text);
        let _ = Checkpoint::parse_text(note.text());
    }
    if let Ok(checkpoint) = Checkpoint::parse_text(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
}

/// A tlog-policy file.
pub fn log_policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(policy) = LogPolicy::parse(text) {
        let _ = format!("{policy:?}");
    }
    if let Ok(theirs) = policy_for_others(text) {
        let again = policy_for_others(&theirs.text).expect("it is a policy");
        assert!(again.renamed.is_empty() && again.text == theirs.text);
    }
}

/// A signed entry of the ledger: the kind's code in the first byte, the body after it.
pub fn signed_entry(bytes: &[u8]) {
    let Some((code, body)) = bytes.split_first() else { return };
    let Some(kind) = Kind::from_code(code.wrapping_sub(b'0')) else { return };
    if let Ok(entry) = SignedEntry::parse(kind, body) {
        let _ = (entry.entry_id(), entry.map_key());
    }
    if let Ok(entry) = state::parse_did_body(body) {
        assert!(entry.number() > 0);
    }
}

/// A receipt that stands alone; what was read is written, and read again.
pub fn receipt(bytes: &[u8]) {
    if let Ok(receipt) = Receipt::parse(bytes) {
        let again = Receipt::from_value(&receipt.to_value()).expect("our own receipt");
        assert_eq!(again.to_value(), receipt.to_value());
        if let Ok(policy) = LogPolicy::parse(POLICY) {
            let _ = verify_receipt(&receipt, &policy, far_future());
        }
    }
}

/// The proof of an anchored record: read, written and read again the same; judged under the seeds' policy without a panic.
pub fn anchor_proof(bytes: &[u8]) {
    let Ok(proof) = AnchorProof::parse(bytes) else { return };
    let value = proof.to_value();
    let again = AnchorProof::from_value(&value).expect("what is written can be read");
    assert_eq!((&again.record, again.to_value()), (&proof.record, value));
    let policy = LogPolicy::parse(POLICY).expect("the policy of the seeds");
    let root = proof.record.root();
    let Ok(proved) = proof.evidence.verify(&policy, far_future()) else { return };
    if proof.record.check_entry(proved.entry()).is_ok() {
        assert!(root.is_ok(), "what opens an entry has a root");
    }
    let _ = proved.signer();
}

/// A pack: its head is written as it was read, no part is outside, and every row that is read is within its scope.
pub fn anchor_pack(bytes: &[u8]) {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else { return };
    let Ok(length) = PackHead::length(prefix) else { return };
    let Some((head, _)) = rest.split_at_checked(length) else { return };
    let Ok(head) = PackHead::parse(head) else { return };
    let written = head.to_bytes().expect("what was read can be written");
    let again = PackHead::parse(written.get(PREFIX..).expect("a head")).expect("and read again");
    assert_eq!(again.scopes, head.scopes);
    let Ok((sections, end)) = head.sections(length) else { return };
    let part = |place: u64, length: usize| {
        let from = usize::try_from(place).ok()?;
        bytes.get(from..from.checked_add(length)?)
    };
    for (scope, section) in head.scopes.iter().zip(sections) {
        assert!(section.rows <= section.names && section.names <= section.nodes);
        assert!(section.nodes < section.end && section.end <= end);
        assert_eq!(section.node(section.depth, 0) + 32, section.end, "the root is the last");
        for record in 0..scope.records.min(64) {
            let Some(row) = part(section.row(record), ROW).and_then(|row| row.try_into().ok())
            else {
                return;
            };
            let Ok(row) = Row::parse(row, scope) else { continue };
            assert_eq!(Row::parse(&row.to_bytes(), scope), Ok(row));
            assert!(section.node(0, u64::from(row.place)) < section.end);
            let name = part(section.names + row.name_at, usize::from(row.name_length));
            let _ = name.and_then(|name| std::str::from_utf8(name).ok()).map(RecordName::parse);
        }
    }
}

/// A current-proof; what was read is written, and read again.
pub fn current_proof(bytes: &[u8]) {
    if let Ok(proof) = CurrentProof::parse(bytes) {
        let again = CurrentProof::from_value(&proof.to_value()).expect("our own proof");
        assert_eq!(again.to_value(), proof.to_value());
        let _ = proof.claimed_head();
        if let Ok(policy) = LogPolicy::parse(POLICY) {
            let key = MapKey::did("QmSomeScid");
            let _ = verify_current(&proof, &key, &policy, far_future());
        }
    }
}

/// The body of an epoch leaf.
pub fn epoch(bytes: &[u8]) {
    if let Ok(epoch) = Epoch::parse(bytes) {
        assert_eq!(epoch.to_bytes(), bytes);
    }
}

/// The parameters document of a log.
pub fn parameters(bytes: &[u8]) {
    if let Ok(document) = ParametersDocument::parse(bytes) {
        assert_eq!(document.to_bytes().as_deref(), Ok(bytes));
    }
}

/// What a ledger keeps of a DID and of itself: bytes of its own disk, which may be damaged.
pub fn ledger_store(bytes: &[u8]) {
    if let Ok(controller) = Controller::from_bytes(bytes) {
        let stored = controller.to_bytes();
        let again = Controller::from_bytes(&stored).expect("what was written is read");
        assert_eq!(again.to_bytes(), stored);
    }
    if let Ok(standing) = Standing::from_bytes(bytes) {
        assert_eq!(standing.to_bytes(), bytes);
    }
}

/// An import, whatever its entries are: all or none are taken, and none of these.
pub fn import(bytes: &[u8]) {
    let Ok(framed) = batch::split(bytes) else { return };
    let candidates: Result<Vec<_>, _> = framed
        .iter()
        .filter_map(|entry| entry.kind().map(|kind| (kind, entry.body)))
        .map(|(kind, body)| Candidate::parse(kind, body.to_vec()))
        .collect();
    let Ok(candidates) = candidates else { return };
    let document = ParametersDocument::genesis(Parameters::default()).to_bytes();
    let document = document.expect("the defaults");
    let mut machine = Machine::new("ledger.example", &document, Memory::new()).expect("a log");
    let map = MapRoot { root: inkan_ledger::map::empty_root(), keys: 0 };
    let genesis = machine.prepare_epoch(Timestamp::EPOCH, map, None).expect("a leaf");
    machine.commit(genesis.expect("a leaf")).expect("in order");
    if let Ok(ImportSubmission::New(prepared)) = machine.prepare_import(&candidates, far_future()) {
        assert_eq!(prepared.len(), candidates.len());
        for leaf in prepared {
            machine.commit(leaf).expect("in order");
        }
    }
}

/// Many entries in one request.
pub fn framed_batch(bytes: &[u8]) {
    let Ok(framed) = batch::split(bytes) else { return };
    let known: Option<Vec<_>> =
        framed.iter().map(|entry| entry.kind().map(|kind| (kind, entry.body))).collect();
    if let Some(entries) = known {
        assert_eq!(batch::join(entries).as_deref(), Ok(bytes));
    }
}

/// What a log sends to a witness.
pub fn add_checkpoint_request(bytes: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
}

/// What a witness answers: signature lines, or how much it has seen.
pub fn witness_answer(bytes: &[u8]) {
    if let Some(lines) = add_checkpoint::parse_lines(bytes) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(text.as_bytes(), bytes);
    }
    if let Some(size) = add_checkpoint::parse_size(bytes) {
        assert_eq!(add_checkpoint::size_text(size).as_bytes(), bytes);
    }
}

/// Paths of tiles; a right edge; a bundle of as many entries as the first byte says.
pub fn tiles(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(path) = TilePath::parse(text)
    {
        assert_eq!(path.to_string(), text);
    }
    if let Ok(edge) = Frontier::from_bytes(bytes) {
        assert_eq!(edge.to_bytes(), bytes);
        let _ = edge.root();
    }
    let Some((width, bundle)) = bytes.split_first() else { return };
    if let Ok(entries) = decode_bundle(bundle, u16::from(*width)) {
        assert_eq!(encode_bundle(entries).as_deref(), Ok(bundle));
    }
}

/// An inclusion promise, signed and bare.
pub fn promise(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(promise) = Promise::parse_text(text) {
        assert_eq!(promise.to_text(), text);
    }
    if let Ok(policy) = LogPolicy::parse(POLICY) {
        let _ = verify_promise(text, &policy);
    }
}

/// A receipt in COSE: what is read has one encoding.
pub fn cose_receipt(bytes: &[u8]) {
    if let Ok(receipt) = CoseReceipt::parse(bytes) {
        assert_eq!(receipt.to_bytes().expect("our own form"), bytes);
        let _ = receipt.verify(&LeafHash::of(b"x"), &some_key());
    }
}

/// Evidence about a ledger; what was read is written, and read again.
pub fn ledger_evidence(bytes: &[u8]) {
    if let Ok(said) = json::parse(bytes, limits::BUNDLE) {
        let _ = forks_from_value(&said);
    }
    if let Ok(evidence) = Evidence::parse(bytes) {
        assert_eq!(Evidence::from_value(&evidence.to_value()).as_ref(), Ok(&evidence));
        if let Ok(policy) = LogPolicy::parse(POLICY) {
            let _ = evidence.verify(&policy, far_future());
        }
    }
}

/// An answer of a timestamp authority, a token, a certificate.
pub fn timestamp(bytes: &[u8]) {
    let note = inkan_core::sha256(&[TIMESTAMPED]);
    let root = inkan_core::sha256(&[TIMESTAMP_ROOT]);
    let mut anchors = tsa::Anchors::default();
    anchors.add_file(TIMESTAMP_ROOT).expect("our own certificate");
    if let Ok(token) = tsa::token_of(bytes) {
        let _ = tsa::verify_token(&token, &note, &root, &anchors);
    }
    let _ = tsa::verify_token(bytes, &note, &root, &anchors);
    let _ = tsa::Anchors::default().add_file(bytes);
}

/// A CMS signature beside its content.
pub fn cms_signature(bytes: &[u8]) {
    if let Ok(signed) = cms::verify(bytes, SEALED) {
        assert!(!signed.certificates.is_empty());
        assert!(cms::verify(bytes, b"something else").is_err());
    }
}

/// A CRL, an OCSP response, certificates.
pub fn revocation(bytes: &[u8]) {
    let said = path::RevocationInfo { crls: vec![bytes.to_vec()], ocsp: vec![bytes.to_vec()] };
    for (subject, issuer) in [(REVOKED, AUTHORITY), (bytes, AUTHORITY), (REVOKED, bytes)] {
        let _ = path::standing(subject, issuer, far_future(), &said);
    }
    let _ = path::standing_of_path(&[bytes, AUTHORITY], far_future(), &said);
}

/// A statement that a card signs; what is read is written as the same bytes.
pub fn card_statement(bytes: &[u8]) {
    if let Ok(read) = BindingStatement::parse(bytes) {
        assert_eq!(read.to_bytes(), bytes);
    }
    if let Ok(read) = LoginStatement::parse(bytes) {
        assert_eq!(read.to_bytes(), bytes);
    }
}

/// A configuration of card certificates.
pub fn card_config(bytes: &[u8]) {
    let _ = JpkiConfig::parse(bytes);
}

/// A signature of a card over a binding statement, judged to the end.
pub fn card_signature(bytes: &[u8]) {
    let Ok(config) = JpkiConfig::parse(CARD_CONFIG) else { return };
    let jpki = Jpki::new(config).with_ocsp(bytes);
    let _ = inkan_evidence::jpki::certificates_of(bytes);
    let _ = inkan_evidence::cms::signature_value(bytes);
    // What is put together is read again.
    if let Ok(stamped) = inkan_evidence::cms::with_timestamp(bytes, bytes) {
        assert!(inkan_evidence::cms::signature_value(&stamped).is_ok());
    }
    let proof = BindingProof { statement: CARD_STATEMENT, cms: bytes, did_signature: None };
    let terms = BindingTerms { did: "", jkt: "", proofer: None, document: "card" };
    // Without the DID key's signature nothing holds.
    assert!(check_binding(&proof, &terms, &jpki, far_future()).bound().is_none());
}

/// A revocation list, made into an index.
pub fn revocation_list(bytes: &[u8]) {
    let _ = CrlIndex::build(bytes, AUTHORITY);
    let _ = CrlIndex::build(CARD_LIST, bytes);
}

/// An evidence entry of a credential.
pub fn evidence(bytes: &[u8]) {
    let _ = ProofingEvidence::parse_bytes(bytes);
}

/// A trust list, and a signed answer that has one in it.
pub fn registry(bytes: &[u8]) {
    let _ = Registry::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let keys = [some_key()];
    let asked = AnswerTerms { registry: "local", party: None, keys: &keys, newest: None };
    assert!(Registry::from_answer(text, &asked).is_err(), "that key signed nothing");
}

/// A policy, and a catalogue of evidence.
pub fn policy(bytes: &[u8]) {
    if let Ok(policy) = Policy::parse(bytes) {
        let _ = inkan_assurance::lint(&policy, &[]);
    }
    let _ = Catalogue::parse(bytes);
}

/// A table of cases for a policy.
pub fn policy_cases(bytes: &[u8]) {
    static CODES: LazyLock<CodeBook> = LazyLock::new(|| {
        let codes = include_str!("../../schemas/codes.json");
        CodeBook::parse(codes).expect("our own codes")
    });
    if let Ok(table) = CaseTable::parse(bytes, &CODES) {
        assert!(!table.cases.is_empty(), "a table without a case would pass whatever it is asked");
        for case in &table.cases {
            let _ = case.expect.differences(&serde_json::Value::Null, &CODES);
        }
    }
}

/// Certificates in a file, and the key of one.
pub fn certificate(bytes: &[u8]) {
    for one in x5c::chain_in(bytes).unwrap_or_default() {
        let _ = x5c::key_of(&one);
    }
    let _ = x5c::key_of(bytes);
}

fn far_future() -> Timestamp {
    Timestamp::parse("2100-01-01T00:00:00Z").expect("a time")
}

/// A key that signed nothing: of did:key's specification.
fn some_key() -> PublicKey {
    PublicKey::from_multikey("z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK").expect("a key")
}

/// Client data, or authenticator data.
pub fn webauthn(bytes: &[u8]) {
    let _ = ClientData::parse(bytes);
    let _ = AuthenticatorData::parse(bytes);
}

/// What an authenticator shows about itself.
pub fn attestation_object(bytes: &[u8]) {
    let _ = read_attestation_object(bytes);
    let _ = platform_structure(bytes);
}

/// What FIDO says of models, signed or not.
pub fn fido_metadata(bytes: &[u8]) {
    let pinned =
        Pinned { root: TIMESTAMP_ROOT.to_vec(), host: "mds.example".to_owned(), newest: 0 };
    let at = Timestamp::from_seconds(1_800_000_000).expect("a time");
    let _ = Metadata::parse(bytes, &pinned, at);
    if let Ok(value) = json::parse(bytes, limits::DOCUMENT) {
        let _ = Metadata::is_payload(&value);
    }
}

/// A key attestation, an authentication event, or a statement of a base register.
pub fn key_token(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = KeyAttestation::parse(text);
        let _ = EventToken::parse(text);
        if let Ok(check) = RegisterToken::parse(text) {
            let _ = (check.credential(), check.audience());
        }
    }
}

/// What was shown beside a presentation; and a registration, which is written as it was read.
pub fn presentation_evidence(bytes: &[u8]) {
    let _ = PresentationEvidence::parse(bytes);
    if let Ok(kept) = Registration::parse(bytes) {
        let again = Registration::parse(kept.to_value().to_string().as_bytes());
        assert_eq!(again.as_ref(), Ok(&kept));
    }
}

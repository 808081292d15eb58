use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use inkan_crypto::PublicKey;
use inkan_ledger::{StampInterval, TimestampChecker};
use inkan_verifier::{CertificateChecker, Path, PathChecker, Revocation, RevocationInfo, Sealed};
use serde_json::json;

use super::*;
use crate::facts::Facts;
use crate::item::Checkers;
use crate::make::{Seen, make};
use crate::registry::Registry;

const CITY: &str = "did:web:city.example";
const TIME: &str = "2026-03-01T10:22:31Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

/// An authority whose tokens are texts: what they are over, and when. It vouches for `vouched` alone.
#[derive(Debug)]
struct Authority;

impl TimestampChecker for Authority {
    fn can_check(&self, anchor: &Digest, token: &[u8]) -> bool {
        *anchor == sha256(&[b"authority"]) && !token.starts_with(b"foreign")
    }

    fn check(
        &self,
        _anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
    ) -> Result<StampInterval, &'static str> {
        let text = str::from_utf8(token).map_err(|_| "timestamp-malformed")?;
        let (over, time) = text.split_once(' ').ok_or("timestamp-malformed")?;
        let time = Timestamp::parse_strict(time).map_err(|_| "timestamp-malformed")?;
        if over != imprint.to_hex() {
            return Err("timestamp-imprint-mismatch");
        }
        Ok(StampInterval { earliest: time, latest: time })
    }

    fn check_until(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
        _until: Timestamp,
    ) -> Result<StampInterval, &'static str> {
        self.check(anchor, token, imprint)
    }

    fn pinned(&self) -> Vec<(String, Digest)> {
        vec![("other".to_owned(), sha256(&[b"other"])), ("own".to_owned(), sha256(&[b"authority"]))]
    }
}

/// A register of certificates whose seals are texts: what they are over, and what becomes of the path.
#[derive(Debug)]
struct Register;

impl CertificateChecker for Register {
    fn key(&self, _leaf: &[u8]) -> Result<PublicKey, CertificateFault> {
        Err(CertificateFault::Key)
    }

    fn paths<'a>(&'a self, _said: &RevocationInfo) -> Box<dyn PathChecker + 'a> {
        Box::new(Self)
    }

    fn seal(&self, form: &SealForm, statement: &[u8]) -> Result<Sealed, CertificateFault> {
        let SealForm::Cms(cms) = form else { return Err(CertificateFault::SealUnknown) };
        let text = str::from_utf8(cms).map_err(|_| CertificateFault::SealUnknown)?;
        let mut parts = text.split(' ');
        let (over, chain, time) = (parts.next(), parts.next(), parts.next());
        if over != Some(&*sha256(&[statement]).to_hex()) {
            return Err(CertificateFault::Seal);
        }
        let chain = vec![chain.unwrap_or_default().as_bytes().to_vec()];
        Ok(Sealed { chain, signing_time: time.map(at) })
    }
}

impl PathChecker for Register {
    fn path(&self, chain: &[Vec<u8>], at: Timestamp) -> Result<Path, CertificateFault> {
        match chain[0].as_slice() {
            b"pinned" => {
                Ok(Path { anchor: sha256(&[b"register"]), revocation: Revocation::NotShown })
            }
            b"ends-in-april" if at < self::at("2026-04-01T00:00:00Z") => {
                Ok(Path { anchor: sha256(&[b"register"]), revocation: Revocation::NotShown })
            }
            b"ends-in-april" => Err(CertificateFault::Expired),
            b"revoked" => Err(CertificateFault::Revoked),
            _ => Err(CertificateFault::AnchorUnknown),
        }
    }
}

fn entry(proofs: Value) -> Value {
    json!({
        "type": ["Evidence", "IdentityProofingEvidence"], "verificationProcess": "p", "time": TIME,
        "proofer": { "id": CITY, "agent": "automated" },
        "subject": { "holder": "did:key:h", "jkt": "t" }, "session": { "presence": "remote" },
        "evidence": [{ "type": "document", "documentDetails": { "type": "jp_drivers_license" },
                       "checkDetails": [{ "checkMethod": "vri", "result": "pass" }],
                       "proofs": proofs }],
    })
}

fn proof(kind: &str, bytes: &str) -> Value {
    let bytes = bytes.as_bytes();
    json!({ "kind": kind, "sha256": sha256(&[bytes]).to_hex(), "value": encoding::b64(bytes) })
}

fn imprint() -> String {
    sha256(&[&covered(&entry(json!([]))).unwrap()]).to_hex()
}

fn stamp(time: &str) -> Value {
    proof("rfc3161", &format!("{} {time}", imprint()))
}

fn seal(path: &str) -> Value {
    proof("eseal", &format!("{} {path} 2026-03-01T11:00:00Z", imprint()))
}

fn facts(entry: &Value, whole: bool, existed_by: Option<Timestamp>) -> Facts {
    let value = json!({
        "type": ["VerifiableCredential", "Badge"], "issuer": CITY,
        "credentialSubject": { "id": "did:key:h" }, "evidence": [entry],
    });
    let seen = Seen {
        value: &value,
        digest: sha256(&[b"credential"]),
        issuer: CITY,
        existed_by,
        holder_jkts: BTreeSet::new(),
        former_jkts: BTreeSet::new(),
    };
    let checkers = Checkers {
        jpki: None,
        timestamps: whole.then_some(&Authority),
        certificates: whole.then_some(&Register),
    };
    make(&[Some(seen)], None, (&[registry()], checkers), at("2026-11-21T12:00:00Z"))
}

/// Knows the proofer.
fn registry() -> Registry {
    let value = json!({
        "type": "inkan-registry/1", "id": "own", "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "entries": [{ "id": CITY, "roles": ["identity_proofer"], "rows": ["R4"], "status": "active" }],
    });
    Registry::from_value(&value).unwrap()
}

/// Whether the item has a token, and whether something is open; the finding of a void item.
fn judged(proofs: Value) -> Result<(bool, bool), Code> {
    of(&entry(proofs), None)
}

fn of(entry: &Value, existed_by: Option<Timestamp>) -> Result<(bool, bool), Code> {
    let facts = facts(entry, true, existed_by);
    let event = &facts.credentials()[0].as_ref().unwrap().events()[0];
    match event.items() {
        [item] => {
            let has = item.facts().iter().any(|fact| fact.kind() == FactKind::TimestampToken);
            Ok((has, item.is_pending()))
        }
        _ => Err(facts.findings().iter().map(|found| found.code).find(is_of_proofs).unwrap()),
    }
}

fn is_of_proofs(code: &Code) -> bool {
    matches!(
        code,
        Code::EvidenceProofFailed | Code::TimestampInvalid | Code::ProofingTimeInconsistent
    )
}

#[test]
fn a_token_over_the_evidence_says_that_it_stood_there() {
    assert_eq!(judged(json!([stamp("2026-03-01T10:30:00Z")])), Ok((true, false)));
    // The last second of the day still counts, and clocks may differ a little.
    for (time, held) in [
        ("2026-03-02T10:22:31Z", true),
        ("2026-03-02T10:22:32Z", false),
        ("2026-03-01T10:17:31Z", true),
        ("2026-03-01T10:17:30Z", false),
    ] {
        let expected = if held { Ok((true, false)) } else { Err(Code::ProofingTimeInconsistent) };
        assert_eq!(judged(json!([stamp(time)])), expected, "{time}");
    }
    // What came later is over the rest: two tokens, and a seal, in any order.
    let both =
        json!([seal("pinned"), stamp("2026-03-01T10:30:00Z"), stamp("2026-03-01T12:00:00Z")]);
    assert_eq!(judged(both), Ok((true, false)));
}

#[test]
fn a_token_of_something_else_voids_the_item_and_one_of_nobody_leaves_it_open() {
    let other = format!("{} 2026-03-01T10:30:00Z", sha256(&[b"other"]).to_hex());
    assert_eq!(judged(json!([proof("rfc3161", &other)])), Err(Code::TimestampInvalid));
    assert_eq!(judged(json!([proof("rfc3161", "foreign")])), Ok((false, true)));
    // One that is good does not outweigh one that fails.
    let both = json!([stamp("2026-03-01T10:30:00Z"), proof("rfc3161", &other)]);
    assert_eq!(judged(both), Err(Code::TimestampInvalid));
    let mut altered = stamp("2026-03-01T10:30:00Z");
    altered["value"] = encoding::b64(b"something else").into();
    assert_eq!(judged(json!([altered])), Err(Code::EvidenceProofFailed));
    // Nobody has to show it; then nothing is known, and nothing is lost.
    let mut closed = stamp("2026-03-01T10:30:00Z");
    closed.as_object_mut().unwrap().remove("value");
    assert_eq!(judged(json!([closed])), Ok((false, false)));
}

#[test]
fn nothing_of_the_evidence_can_be_changed_under_a_token() {
    let good = entry(json!([stamp("2026-03-01T10:30:00Z")]));
    for change in [
        |entry: &mut Value| entry["evidence"][0]["checkDetails"][0]["checkMethod"] = "vpip".into(),
        |entry: &mut Value| entry["time"] = "2026-03-01T10:22:32Z".into(),
        |entry: &mut Value| entry["subject"]["jkt"] = "u".into(),
        |entry: &mut Value| entry["session"]["presence"] = "in_person".into(),
        |entry: &mut Value| {
            let other = json!({ "kind": "icao-sod", "sha256": "ab".repeat(32) });
            entry["evidence"][0]["proofs"].as_array_mut().unwrap().push(other);
        },
    ] {
        let mut changed = good.clone();
        change(&mut changed);
        assert_eq!(of(&changed, None), Err(Code::TimestampInvalid), "{changed}");
    }
    // What was withheld of another proof was covered by its digest.
    let shown = proof("icao-sod", "bytes");
    let mut withheld = shown.clone();
    withheld.as_object_mut().unwrap().remove("value");
    assert_eq!(covered(&entry(json!([shown]))), covered(&entry(json!([withheld]))));
    assert_ne!(covered(&entry(json!([shown]))), covered(&entry(json!([]))));
}

#[test]
fn a_seal_has_to_hold_and_gives_no_fact() {
    assert_eq!(judged(json!([seal("pinned")])), Ok((false, false)));
    assert_eq!(judged(json!([seal("unknown")])), Ok((false, true)));
    assert_eq!(judged(json!([seal("revoked")])), Err(Code::EvidenceProofFailed));
    let other = format!("{} pinned", sha256(&[b"other"]).to_hex());
    assert_eq!(judged(json!([proof("eseal", &other)])), Err(Code::EvidenceProofFailed));
    let late = format!("{} pinned 2026-03-03T11:00:00Z", imprint());
    assert_eq!(judged(json!([proof("eseal", &late)])), Err(Code::ProofingTimeInconsistent));
    // A certificate that ended since: by when the seal was there, the credential's receipt shows.
    let sealed = entry(json!([seal("ends-in-april")]));
    assert_eq!(of(&sealed, None), Err(Code::EvidenceProofFailed));
    assert_eq!(of(&sealed, Some(at("2026-03-02T00:00:00Z"))), Ok((false, false)));
    assert_eq!(of(&sealed, Some(at("2026-04-02T00:00:00Z"))), Err(Code::EvidenceProofFailed));
}

#[test]
fn without_anything_to_judge_by_both_are_open() {
    for proof in [stamp("2026-03-01T10:30:00Z"), seal("pinned")] {
        let facts = facts(&entry(json!([proof])), false, None);
        let items = facts.credentials()[0].as_ref().unwrap().events()[0].items();
        assert!(items[0].is_pending());
        let open = facts.findings().iter().any(|found| found.code == Code::EvaluationIncomplete);
        assert!(open, "{:?}", facts.findings());
    }
    // So are more than anybody needs.
    let many: Vec<Value> = (0..9).map(|_| stamp("2026-03-01T10:30:00Z")).collect();
    assert_eq!(judged(json!(many)), Ok((true, true)));
}

/// A register and an authority that count what they are asked.
#[derive(Debug, Default)]
struct Counting {
    reads: AtomicUsize,
    seals: AtomicUsize,
    tokens: AtomicUsize,
}

impl CertificateChecker for Counting {
    fn key(&self, leaf: &[u8]) -> Result<PublicKey, CertificateFault> {
        Register.key(leaf)
    }

    fn paths<'a>(&'a self, said: &RevocationInfo) -> Box<dyn PathChecker + 'a> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Register.paths(said)
    }

    fn seal(&self, form: &SealForm, statement: &[u8]) -> Result<Sealed, CertificateFault> {
        self.seals.fetch_add(1, Ordering::Relaxed);
        Register.seal(form, statement)
    }
}

impl TimestampChecker for Counting {
    fn can_check(&self, anchor: &Digest, token: &[u8]) -> bool {
        Authority.can_check(anchor, token)
    }

    fn check(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
    ) -> Result<StampInterval, &'static str> {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        Authority.check(anchor, token, imprint)
    }

    fn check_until(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
        until: Timestamp,
    ) -> Result<StampInterval, &'static str> {
        Authority.check_until(anchor, token, imprint, until)
    }

    fn pinned(&self) -> Vec<(String, Digest)> {
        Authority.pinned()
    }
}

/// How often lists were read, seals and tokens judged, for so many credentials of so many items, each with such a proof; how many items were left open.
fn work(
    registries: &[Registry],
    credentials: usize,
    proofs: &dyn Fn(usize, &str) -> Value,
    items: usize,
) -> ([usize; 3], usize) {
    let mut entry = entry(json!([]));
    let item = entry["evidence"][0].clone();
    entry["evidence"] = (0..items).map(|_| item.clone()).collect();
    let imprint = sha256(&[&covered(&entry).unwrap()]).to_hex();
    for (number, item) in entry["evidence"].as_array_mut().unwrap().iter_mut().enumerate() {
        item["proofs"] = json!([proofs(number, &imprint)]);
    }
    let value = json!({
        "type": ["VerifiableCredential", "Badge"], "issuer": CITY,
        "credentialSubject": { "id": "did:key:h" }, "evidence": [entry],
    });
    let seen = (0..credentials).map(|_| {
        Some(Seen {
            value: &value,
            digest: sha256(&[b"credential"]),
            issuer: CITY,
            existed_by: None,
            holder_jkts: BTreeSet::new(),
            former_jkts: BTreeSet::new(),
        })
    });
    let seen: Vec<_> = seen.collect();
    let counting = Counting::default();
    let checkers =
        Checkers { jpki: None, timestamps: Some(&counting), certificates: Some(&counting) };
    let facts = make(&seen, None, (registries, checkers), at("2026-11-21T12:00:00Z"));
    let events = facts.credentials().iter().flatten().flat_map(|known| known.events());
    let items: Vec<_> = events.flat_map(|event| event.items()).collect();
    let open = items.iter().filter(|item| item.is_pending()).count();
    let Counting { reads, seals, tokens } = counting;
    ([reads.into_inner(), seals.into_inner(), tokens.into_inner()], open)
}

#[test]
fn each_proof_is_judged_once_and_no_more_than_anybody_needs() {
    let known = [registry()];
    let seal = |second: usize, over: &str| {
        proof("eseal", &format!("{over} pinned 2026-03-01T11:00:{second:02}Z"))
    };
    let token = |second: usize, over: &str| {
        proof("rfc3161", &format!("{over} 2026-03-01T11:00:{second:02}Z"))
    };
    // One seal in forty items; what authorities said is read once.
    assert_eq!(work(&known, 1, &|_, over| seal(0, over), 40), ([1, 1, 0], 0));
    // Forty different ones: sixteen, and the rest stay open.
    assert_eq!(work(&known, 1, &seal, 40), ([1, 16, 0], 24));
    // The pinned certificates are two, and the second vouches.
    assert_eq!(work(&known, 1, &token, 40), ([0, 0, 16], 24));
    assert_eq!(work(&known, 1, &|_, over| token(0, over), 40), ([0, 0, 1], 0));
    // Of each credential anew, up to what a verification may cost.
    assert_eq!(work(&known, 2, &|_, over| seal(0, over), 40), ([1, 2, 0], 0));
    assert_eq!(work(&known, 6, &seal, 20), ([1, 64, 0], 56));
    // Whoever nobody knows has nothing judged.
    assert_eq!(work(&[], 3, &seal, 40), ([0, 0, 0], 120));
    assert_eq!(work(&[], 3, &token, 40), ([0, 0, 0], 120));
}

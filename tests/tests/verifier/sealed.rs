//! E-seals: one text under the key of an organisation's certificate and that of its DID.

use std::sync::Arc;

use inkan_core::encoding::b64;
use inkan_core::{Timestamp, sha256};
use inkan_credential::Format;
use inkan_credential::bundle::{
    Bundle, Cover, CoverKind, ESEAL_JWS_TYPE, Eseal, SealForm, SealTerms,
};
use inkan_crypto::{SecretKey, jws};
use inkan_evidence::cms;
use inkan_evidence::x5c::{Demand, IssuerAnchors, Terms};
use inkan_io::gather::from_bundle;
use inkan_ledger::{Grade, TimestampChecker};
use inkan_tests::world::{Case, HOLDER, ISSUER, Who, World};
use inkan_verifier::{CheckName, Context, Receipts, Verification, verify};
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Map, json};

use super::expect::{accepted, noted, passed, refused};
use super::stamps::{Authorities, stamp};
use super::x5c::{Pki, certify, leaf_params};

const NAME: CheckName = CheckName::Eseal;
const DAY: i64 = 86_400;

#[derive(Clone, Copy)]
enum Kind {
    Cms,
    Jws,
}

struct Set {
    world: World,
    case: Case,
    pki: Pki,
    chain: Vec<Vec<u8>>,
}

fn set(seed: u64) -> Set {
    let mut world = World::new(seed);
    let case = world.issue(Format::DataIntegrity);
    let pki = Pki::new(seed);
    let chain =
        vec![certify(&pki.key, &leaf_params((2026, 2027)), &pki.middle), pki.middle.der.clone()];
    Set { world, case, pki, chain }
}

fn by_did(statement: &[u8], method: &str, key: &SecretKey) -> String {
    let mut header = Map::new();
    header.insert("typ".to_owned(), ESEAL_JWS_TYPE.into());
    header.insert("kid".to_owned(), method.into());
    jws::sign(header, statement, key).expect("signed")
}

impl Set {
    fn bundle(&self) -> Bundle {
        self.world.parts(&self.case).bundle()
    }

    fn terms(&self, who: Who) -> SealTerms {
        SealTerms {
            method: self.world.actor(who).method(),
            certificate: sha256(&[&self.chain[0]]),
            time: self.world.now,
            covers: self.bundle().signed_items(),
        }
    }

    fn form(&self, terms: &SealTerms, kind: Kind) -> SealForm {
        let statement = terms.statement();
        match kind {
            Kind::Cms => {
                let made = cms::sign(&statement, &self.chain, terms.time, &self.pki.key);
                SealForm::Cms(made.expect("a signature"))
            }
            Kind::Jws => {
                let listed: Vec<String> = self.chain.iter().map(|one| b64(one)).collect();
                let mut header = Map::new();
                header.insert("typ".to_owned(), ESEAL_JWS_TYPE.into());
                header.insert("x5c".to_owned(), json!(listed));
                SealForm::Jws(jws::sign(header, &statement, &self.pki.key).expect("signed"))
            }
        }
    }

    fn seal(&self, terms: &SealTerms, kind: Kind) -> Eseal {
        let actor = self.world.actor(ISSUER);
        let did = by_did(&terms.statement(), &terms.method, &actor.key);
        Eseal::new(terms.clone(), self.form(terms, kind), did)
    }

    fn context(&self) -> Context {
        let mut anchors = IssuerAnchors::default();
        anchors.add_file(&self.pki.root.der).expect("a certificate");
        let stamps: Arc<dyn TimestampChecker> = Arc::new(Authorities(&["one"]));
        Context {
            receipts: Receipts::Used,
            grade: Grade::Operator,
            certificates: Some(Arc::new(anchors)),
            timestamps: Some(stamps),
            ..self.world.context()
        }
    }

    fn judge(&self, seals: Vec<Eseal>) -> Verification {
        let mut bundle = self.bundle();
        bundle.eseals = seals;
        judge(&bundle, &self.context())
    }
}

fn judge(bundle: &Bundle, context: &Context) -> Verification {
    let text = bundle.to_value().to_string();
    let bundle = Bundle::parse(text.as_bytes()).expect("a bundle");
    verify(&bundle, &from_bundle(&bundle), context)
}

#[test]
fn both_forms_hold_and_are_a_line_of_their_own() {
    let set = set(500);
    for kind in [Kind::Cms, Kind::Jws] {
        let verification = set.judge(vec![set.seal(&set.terms(ISSUER), kind)]);
        accepted(&verification);
        let line = passed(&verification, NAME);
        assert_eq!(line.evidence["seals"], json!(["cred[0]"]));
        assert_eq!(line.evidence["signingTime"], "by its own word");
        assert_eq!(line.evidence["revocation"], "not shown");
    }
    // Without the anchor nothing is known of it, and the credential is what it was.
    let mut bundle = set.bundle();
    bundle.eseals = vec![set.seal(&set.terms(ISSUER), Kind::Cms)];
    let context =
        Context { certificates: Some(Arc::new(IssuerAnchors::default())), ..set.context() };
    let verification = judge(&bundle, &context);
    accepted(&verification);
    noted(&verification, NAME, "certificate-anchor-unknown");
}

#[test]
fn neither_signature_can_be_put_to_another_name() {
    let set = set(501);
    let code = "eseal-invalid";
    for kind in [Kind::Cms, Kind::Jws] {
        let terms = set.terms(ISSUER);
        let good = set.seal(&terms, kind);
        // The certificate's signature beside somebody else's DID.
        let holder = set.world.actor(HOLDER);
        let other = SealTerms { method: holder.method(), ..terms.clone() };
        let stolen = by_did(&other.statement(), &other.method, &holder.key);
        let moved = Eseal::new(other.clone(), good.form().clone(), stolen);
        refused(&set.judge(vec![moved]), NAME, code);
        // The DID's signature beside a certificate that it did not name.
        let mut other = terms.clone();
        other.certificate = sha256(&[b"another"]);
        let moved = Eseal::new(other, good.form().clone(), good.by_did().to_owned());
        refused(&set.judge(vec![moved]), NAME, code);
        // Another key than the one that is named.
        let forged = by_did(&terms.statement(), &terms.method, &holder.key);
        let forged = Eseal::new(terms.clone(), good.form().clone(), forged);
        refused(&set.judge(vec![forged]), NAME, code);
        // Over other items, and at another time.
        let mut other = terms.clone();
        other.covers.insert(Cover::of(CoverKind::Evidence, &[b"more"]));
        let widened = Eseal::new(other, good.form().clone(), good.by_did().to_owned());
        refused(&set.judge(vec![widened]), NAME, code);
        let mut other = terms.clone();
        other.time = other.time.plus_seconds(-DAY);
        let dated = Eseal::new(other, good.form().clone(), good.by_did().to_owned());
        refused(&set.judge(vec![dated]), NAME, code);
    }
}

#[test]
fn a_seal_over_nothing_at_hand_seals_nothing() {
    let set = set(502);
    let mut terms = set.terms(ISSUER);
    terms.covers = [Cover::of(CoverKind::Credential, &[b"another"])].into();
    let verification = set.judge(vec![set.seal(&terms, Kind::Cms)]);
    noted(&verification, NAME, "eseal-unrelated");
}

#[test]
fn a_seal_outlives_its_certificate_only_with_a_stamp_from_its_time() {
    let mut set = set(503);
    let seal = set.seal(&set.terms(ISSUER), Kind::Cms);
    let mut bundle = set.bundle();
    bundle.eseals = vec![seal];
    let sealed_at = set.world.now;
    set.world.sleep(400 * DAY);
    let later = set.context();
    noted(&judge(&bundle, &later), NAME, "certificate-expired");
    let mut stamped = bundle.clone();
    stamped.timestamps = vec![stamp(&stamped.items(), "one", sealed_at.plus_seconds(DAY), 3_650)];
    let later = Context { grade: Grade::Tsa, ..later };
    assert!(passed(&judge(&stamped, &later), NAME).evidence.contains_key("stampedBy"));
    // One from after its end shows nothing of the time before, and spoils nothing.
    let late = stamp(&bundle.items(), "one", sealed_at.plus_seconds(300 * DAY), 3_650);
    let mut spoilt = bundle.clone();
    spoilt.timestamps = vec![late];
    noted(&judge(&spoilt, &later), NAME, "certificate-expired");
    // A stamp from before the time that it names: one of the two clocks is wrong.
    stamped = bundle;
    let alone = [stamped.eseals[0].cover()].into();
    stamped.timestamps = vec![stamp(&alone, "one", sealed_at.plus_seconds(-DAY), 3_650)];
    let verification = judge(&stamped, &later);
    noted(&verification, NAME, "times-disagree");
}

#[test]
fn a_genuine_seal_that_does_not_fit_is_listed_and_refuses_nothing() {
    let mut set = set(505);
    let policy = Terms::default().under("1.2.3.4.9").unwrap();
    let on = |set: &Set, terms: &Terms| {
        let mut anchors = IssuerAnchors::default();
        anchors.add_file_on(&set.pki.root.der, terms).expect("a certificate");
        Context { certificates: Some(Arc::new(anchors)), ..set.context() }
    };
    let judged = |set: &Set, context: &Context| {
        let mut bundle = set.bundle();
        bundle.eseals =
            [Kind::Cms, Kind::Jws].map(|kind| set.seal(&set.terms(ISSUER), kind)).to_vec();
        let verification = judge(&bundle, context);
        accepted(&verification);
        verification
    };
    let plain = Terms::default();
    noted(&judged(&set, &on(&set, &policy)), NAME, "certificate-policy");
    let demanded = Terms::default().revocation(Demand::Demanded);
    noted(&judged(&set, &on(&set, &demanded)), NAME, "certificate-revocation-unknown");
    // A certificate for servers, one that has not begun, one below somebody else of the same name.
    let mut server = leaf_params((2026, 2027));
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for (params, code) in
        [(server, "certificate-usage"), (leaf_params((2030, 2031)), "certificate-not-yet-valid")]
    {
        set.chain = set.pki.with_leaf(&params);
        noted(&judged(&set, &on(&set, &plain)), NAME, code);
    }
    let other = Pki::new(99);
    set.chain = vec![certify(&set.pki.key, &leaf_params((2026, 2027)), &other.middle)];
    set.chain.push(other.middle.der.clone());
    noted(&judged(&set, &on(&set, &plain)), NAME, "certificate-path-invalid");
    // A CMS signature of a kind that is not read here.
    let mut bundle = set.bundle();
    let terms = set.terms(ISSUER);
    let did = by_did(&terms.statement(), &terms.method, &set.world.actor(ISSUER).key);
    let form = SealForm::Cms(vec![0x30, 0]);
    bundle.eseals = vec![Eseal::new(terms, form, did)];
    let verification = judge(&bundle, &set.context());
    accepted(&verification);
    noted(&verification, NAME, "eseal-unknown");
}

#[test]
fn a_seal_by_a_key_that_its_did_does_not_list_is_not_counted() {
    let set = set(506);
    let holder = set.world.actor(HOLDER);
    let terms = SealTerms { method: format!("{}-other", holder.method()), ..set.terms(HOLDER) };
    let did = by_did(&terms.statement(), &terms.method, &holder.key);
    let seal = Eseal::new(terms.clone(), set.form(&terms, Kind::Cms), did);
    let verification = set.judge(vec![seal]);
    accepted(&verification);
    noted(&verification, NAME, "verification-method-unknown");
}

#[test]
fn a_seal_of_the_future_is_none_yet() {
    let set = set(504);
    let mut terms = set.terms(ISSUER);
    terms.time = Timestamp::from_seconds(set.world.now.seconds() + 3_600).unwrap();
    let verification = set.judge(vec![set.seal(&terms, Kind::Cms)]);
    noted(&verification, NAME, "signature-not-in-time");
}

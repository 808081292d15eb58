//! Issuers that certificates name: which chains are accepted under which anchors, one test per way to fail.

use std::sync::Arc;

use inkan_core::encoding::decode_b64u;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::sd_jwt::Concealment;
use inkan_credential::sd_jwt_vc::KeyName;
use inkan_credential::{Artefact, Bundle, SecuredCredential, sign};
use inkan_crypto::{KeyType, SecretKey, Signer};
use inkan_evidence::x5c::IssuerAnchors;
use inkan_tests::world::World;
use inkan_verifier::{CheckName, Context, Material, Receipts, Verification, verify};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SanType, SignatureAlgorithm, date_time_ymd,
};
use serde_json::{Value, json};

use super::expect::{accepted, passed, undecided, worthless};

const ISSUER: &str = "https://issuer.example";

/// Our own key, as certificates hold it.
struct Ours(Vec<u8>);

impl PublicKeyData for Ours {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Whoever certifies.
pub(super) struct Authority {
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) der: Vec<u8>,
}

/// A root, an intermediate, and the key that issues.
pub(super) struct Pki {
    pub(super) root: Authority,
    pub(super) middle: Authority,
    pub(super) key: SecretKey,
    pub(super) leaf: Vec<u8>,
}

fn params(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(vec![]).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params
}

pub(super) fn certifier(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut params = params(name, years);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(super) fn authority(params: CertificateParams, by: Option<&Authority>) -> Authority {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let made = match by {
        None => params.self_signed(&key),
        Some(by) => params.signed_by(&key, &by.issuer),
    };
    let der = made.expect("a certificate").der().to_vec();
    Authority { issuer: Issuer::new(params, key), der }
}

pub(super) fn leaf_params(years: (i32, i32)) -> CertificateParams {
    let mut params = params("issuer", years);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.subject_alt_names = vec![SanType::URI(ISSUER.to_owned().try_into().expect("ASCII"))];
    params
}

pub(super) fn certify(key: &SecretKey, params: &CertificateParams, by: &Authority) -> Vec<u8> {
    let jwk = key.public_key().to_jwk();
    let part = |name: &str| decode_b64u(jwk[name].as_str().expect("a member")).expect("base64url");
    let ours = Ours([vec![4], part("x"), part("y")].concat());
    params.signed_by(&ours, &by.issuer).expect("a certificate").der().to_vec()
}

impl Pki {
    pub(super) fn new(seed: u64) -> Self {
        let root = authority(certifier("root", (2020, 2040)), None);
        let middle = authority(certifier("middle", (2024, 2030)), Some(&root));
        let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(seed));
        let leaf = certify(&key, &leaf_params((2026, 2027)), &middle);
        Self { root, middle, key, leaf }
    }

    pub(super) fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.leaf.clone(), self.middle.der.clone()]
    }

    /// The same with another certificate of the key.
    pub(super) fn with_leaf(&self, params: &CertificateParams) -> Vec<Vec<u8>> {
        vec![certify(&self.key, params, &self.middle), self.middle.der.clone()]
    }
}

fn claims() -> Value {
    json!({
        "vct": "Badge", "iss": ISSUER, "sub": "https://holder.example", "name": "Ada",
        "iat": 1_781_300_000, "nbf": 1_781_300_000,
    })
}

pub(super) fn sd_jwt_vc(chain: &[Vec<u8>], key: &dyn Signer) -> SecuredCredential {
    let (name, mut rng) = (KeyName::Certificates(chain), SeededRng::new(1));
    sign::issue_sd_jwt_vc_as(claims(), &Concealment::default(), name, key, &mut rng)
        .expect("a credential")
}

/// Of the W3C data model.
pub(super) fn badge() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "Badge"], "issuer": ISSUER,
        "validFrom": "2026-06-01T00:00:00Z", "credentialSubject": { "name": "Ada" },
    })
}

fn vc_jwt(chain: &[Vec<u8>], key: &dyn Signer) -> SecuredCredential {
    sign::issue_jose_certified(badge(), chain, key).expect("a credential")
}

pub(super) fn vc_cose(chain: &[Vec<u8>], key: &dyn Signer) -> SecuredCredential {
    sign::issue_cose_certified(badge(), chain, key).expect("a credential")
}

/// By it in each form that carries certificates.
fn each(chain: &[Vec<u8>], key: &dyn Signer) -> [SecuredCredential; 3] {
    [sd_jwt_vc(chain, key), vc_jwt(chain, key), vc_cose(chain, key)]
}

pub(super) fn judged_at(
    credential: SecuredCredential,
    pins: &[&[u8]],
    change: impl FnOnce(&mut Context),
) -> Verification {
    let mut anchors = IssuerAnchors::default();
    for pin in pins {
        anchors.add_file(pin).expect("a certificate");
    }
    let mut context = World::new(600).context();
    context.certificates = Some(Arc::new(anchors));
    context.receipts = Receipts::Used;
    change(&mut context);
    let bundle = Bundle::of(Artefact::Credential(credential));
    verify(&bundle, &Material::default(), &context)
}

pub(super) fn judged(credential: SecuredCredential, pins: &[&[u8]]) -> Verification {
    judged_at(credential, pins, |_| {})
}

const PATH: CheckName = CheckName::KeyInForce;

#[test]
fn a_chain_that_leads_to_a_pinned_certificate_is_accepted_in_every_format() {
    let pki = Pki::new(1);
    let whole = [pki.chain(), vec![pki.root.der.clone()]].concat();
    for chain in [pki.chain(), whole] {
        for credential in each(&chain, &pki.key) {
            // Also under the intermediate, and under the certificate of the key itself.
            for pin in [&pki.root.der, &pki.middle.der, &pki.leaf] {
                let verification = judged(credential.clone(), &[pin]);
                let verified = accepted(&verification);
                assert_eq!(verified.issuer(), ISSUER);
                assert!(passed(&verification, PATH).evidence.contains_key("anchor"));
            }
        }
    }
}

#[test]
fn without_the_anchor_nothing_can_be_told() {
    let pki = Pki::new(2);
    let other = authority(certifier("another", (2020, 2040)), None);
    let code = "certificate-anchor-unknown";
    for credential in each(&pki.chain(), &pki.key) {
        undecided_path(&judged(credential.clone(), &[]), code);
        undecided_path(&judged(credential.clone(), &[&other.der]), code);
        let none = judged_at(credential, &[&pki.root.der], |context| context.certificates = None);
        undecided(&none, CheckName::Signature, code);
    }
    // Nor if the intermediate is missing on the way.
    let alone = sd_jwt_vc(std::slice::from_ref(&pki.leaf), &pki.key);
    undecided_path(&judged(alone, &[&pki.root.der]), code);
}

/// The path is open; whether there is evidence of the credential is not asked, since it does not count.
#[track_caller]
fn undecided_path(verification: &Verification, code: &str) {
    super::expect::open(verification, PATH, code);
}

#[track_caller]
fn no_path(verification: &Verification, code: &str) {
    super::expect::refused(verification, PATH, code);
}

#[test]
fn an_anchor_of_the_same_name_with_another_key_is_another() {
    let pki = Pki::new(3);
    let other = authority(certifier("root", (2020, 2040)), None);
    let verification = judged(sd_jwt_vc(&pki.chain(), &pki.key), &[&other.der]);
    no_path(&verification, "certificate-path-invalid");
}

#[test]
fn every_certificate_on_the_way_is_good_when_it_is_judged_and_when_it_was_signed() {
    let pki = Pki::new(4);
    let (expired, early) = ("certificate-expired", "certificate-not-yet-valid");
    for (years, code) in [((2024, 2025), expired), ((2030, 2031), early)] {
        let chain = pki.with_leaf(&leaf_params(years));
        for credential in each(&chain, &pki.key) {
            no_path(&judged(credential, &[&pki.root.der]), code);
        }
        let middle = authority(certifier("middle", years), Some(&pki.root));
        let leaf = certify(&pki.key, &leaf_params((2026, 2027)), &middle);
        let chain = [leaf, middle.der];
        no_path(&judged(sd_jwt_vc(&chain, &pki.key), &[&pki.root.der]), code);
        let root = authority(certifier("root", years), None);
        let middle = authority(certifier("middle", (2024, 2030)), Some(&root));
        let leaf = certify(&pki.key, &leaf_params((2026, 2027)), &middle);
        let chain = [leaf, middle.der];
        no_path(&judged(sd_jwt_vc(&chain, &pki.key), &[&root.der]), code);
    }
    // It says it was signed in June 2026: by a certificate of later years it was not.
    let chain = pki.with_leaf(&leaf_params((2028, 2029)));
    let later = judged_at(sd_jwt_vc(&chain, &pki.key), &[&pki.root.der], |context| {
        context.as_of = context.as_of.plus_seconds(730 * 86_400);
    });
    no_path(&later, early);
}

#[test]
fn what_does_not_say_when_it_was_signed_ends_with_its_certificate_as_of_any_time() {
    let pki = Pki::new(12);
    let late = |context: &mut Context| {
        context.received_at = context.as_of.plus_seconds(1_095 * 86_400);
    };
    for silent in [vc_jwt(&pki.chain(), &pki.key), vc_cose(&pki.chain(), &pki.key)] {
        no_path(&judged_at(silent, &[&pki.root.der], late), "certificate-expired");
    }
    let dated = judged_at(sd_jwt_vc(&pki.chain(), &pki.key), &[&pki.root.der], late);
    // And the reader learns what nobody asked about.
    assert_eq!(passed(&dated, PATH).evidence["revocation"], "not shown");
}

#[test]
fn who_may_not_certify_does_not() {
    let pki = Pki::new(5);
    let mut no_ca = leaf_params((2024, 2030));
    no_ca.distinguished_name.push(DnType::CommonName, "no authority");
    let middle = authority(no_ca, Some(&pki.root));
    let leaf = certify(&pki.key, &leaf_params((2026, 2027)), &middle);
    let verification = judged(sd_jwt_vc(&[leaf, middle.der], &pki.key), &[&pki.root.der]);
    no_path(&verification, "certificate-path-invalid");
    // Nor does a root that admits no intermediates have one.
    let mut short = certifier("short", (2020, 2040));
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root = authority(certifier("top", (2020, 2040)), None);
    let short = authority(short, Some(&root));
    let middle = authority(certifier("middle", (2024, 2030)), Some(&short));
    let leaf = certify(&pki.key, &leaf_params((2026, 2027)), &middle);
    let chain = [leaf, middle.der, short.der];
    no_path(&judged(sd_jwt_vc(&chain, &pki.key), &[&root.der]), "certificate-path-invalid");
}

#[test]
fn an_authority_for_some_hosts_names_no_issuer_elsewhere_by_its_url() {
    let pki = Pki::new(11);
    let only = |host: &str| {
        let mut params = certifier(host, (2024, 2030));
        let permitted_subtrees = vec![GeneralSubtree::DnsName(host.to_owned())];
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
        authority(params, Some(&pki.root))
    };
    let (school, own) = (only("school.example"), only("issuer.example"));
    let url = leaf_params((2026, 2027));
    let mut both = url.clone();
    both.subject_alt_names
        .push(SanType::DnsName("issuer.example".to_owned().try_into().expect("ASCII")));
    // The constraint holds as that of an intermediate, and as that of what is pinned.
    for (by, params) in [(&school, &url), (&school, &both), (&own, &url)] {
        let chain = [certify(&pki.key, params, by), by.der.clone()];
        for pin in [&pki.root.der, &by.der] {
            let verification = judged(sd_jwt_vc(&chain, &pki.key), &[pin]);
            no_path(&verification, "certificate-path-invalid");
        }
    }
    let chain = [certify(&pki.key, &both, &own), own.der.clone()];
    for pin in [&pki.root.der, &own.der] {
        accepted(&judged(sd_jwt_vc(&chain, &pki.key), &[pin]));
    }
}

#[test]
fn a_certificate_for_something_else_signs_no_credentials() {
    let pki = Pki::new(6);
    let mut tls = leaf_params((2026, 2027));
    tls.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let mut agreement = leaf_params((2026, 2027));
    agreement.key_usages = vec![KeyUsagePurpose::KeyAgreement];
    for params in [tls, agreement] {
        let chain = pki.with_leaf(&params);
        no_path(&judged(sd_jwt_vc(&chain, &pki.key), &[&pki.root.der]), "certificate-usage");
    }
    let mut own = leaf_params((2026, 2027));
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 1, 1])];
    own.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    accepted(&judged(sd_jwt_vc(&pki.with_leaf(&own), &pki.key), &[&pki.root.der]));
    // A certificate of an authority is that of no issuer.
    let mut authority = certifier("issuer", (2026, 2027));
    authority.key_usages.push(KeyUsagePurpose::DigitalSignature);
    authority.subject_alt_names = leaf_params((2026, 2027)).subject_alt_names;
    let chain = pki.with_leaf(&authority);
    no_path(&judged(sd_jwt_vc(&chain, &pki.key), &[&pki.root.der]), "certificate-path-invalid");
}

#[test]
fn another_key_than_the_certificate_has_signs_nothing() {
    let pki = Pki::new(7);
    let stranger = SecretKey::generate(KeyType::P256, &mut SeededRng::new(8));
    for credential in each(&pki.chain(), &stranger) {
        let verification = judged(credential, &[&pki.root.der]);
        worthless(&verification, CheckName::Signature, "credential-proof-invalid");
    }
}

#[test]
fn a_certificate_that_names_somebody_else_is_refused_on_reading_and_on_signing() {
    let pki = Pki::new(9);
    let mut other = leaf_params((2026, 2027));
    other.subject_alt_names =
        vec![SanType::DnsName("other.example".to_owned().try_into().expect("ASCII"))];
    let chain = pki.with_leaf(&other);
    let (name, mut rng) = (KeyName::Certificates(&chain), SeededRng::new(1));
    let made =
        sign::issue_sd_jwt_vc_as(claims(), &Concealment::default(), name, &pki.key, &mut rng);
    assert!(made.is_err());
    let good = vc_jwt(&pki.chain(), &pki.key);
    let mut value = good.credential().value().clone();
    value["issuer"] = "https://somebody.example".into();
    assert!(sign::issue_jose_certified(value.clone(), &pki.chain(), &pki.key).is_err());
    assert!(sign::issue_cose_certified(value, &pki.chain(), &pki.key).is_err());
}

#[test]
fn a_changed_certificate_is_none_of_the_path() {
    let pki = Pki::new(10);
    let mut read = 0;
    for (which, from_end) in [(0, 5), (1, 5), (1, 200)] {
        let mut chain = pki.chain();
        let place = chain[which].len() - from_end;
        chain[which][place] ^= 1;
        let (name, mut rng) = (KeyName::Certificates(&chain), SeededRng::new(1));
        let made =
            sign::issue_sd_jwt_vc_as(claims(), &Concealment::default(), name, &pki.key, &mut rng);
        // A certificate that cannot be read any more is refused before that.
        let Ok(credential) = made else { continue };
        read += 1;
        let verification = judged(credential, &[&pki.root.der]);
        assert!(!verification.is_authentic(), "{which} {from_end}");
    }
    assert!(read >= 2, "only {read} were judged");
}

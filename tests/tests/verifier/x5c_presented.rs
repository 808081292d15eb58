//! Presentations whose holder certificates name, in a JWS and in COSE: believed under the anchors that are pinned, and under nothing else.

use std::sync::Arc;

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::presentation::{
    CertifiedForm, PresentationTerms, present_certified, present_jose,
};
use inkan_credential::{Artefact, Bundle, Presentation, SecuredCredential, sign};
use inkan_crypto::{KeyType, SecretKey, Signer};
use inkan_evidence::x5c::IssuerAnchors;
use inkan_tests::world::{AUDIENCE, NONCE, World};
use inkan_verifier::{CheckName, Context, Material, Receipts, Verification, verify};
use rcgen::SanType;

use super::expect::{accepted, open, refused};
use super::x5c::{Pki, authority, badge, certifier, certify, leaf_params};

const HOLDER: &str = "https://holder.example";
const NAME: CheckName = CheckName::Presentation;
const FORMS: [CertifiedForm; 2] = [CertifiedForm::Jose, CertifiedForm::Cose];

/// Who issues, and who presents: certified by the same authority.
struct Parties {
    pki: Pki,
    key: SecretKey,
    world: World,
}

impl Parties {
    fn new(seed: u64) -> Self {
        let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(seed + 1_000));
        Self { pki: Pki::new(seed), key, world: World::new(600) }
    }

    fn chain(&self, years: (i32, i32)) -> Vec<Vec<u8>> {
        let mut params = leaf_params(years);
        params.subject_alt_names = vec![SanType::URI(HOLDER.to_owned().try_into().expect("ASCII"))];
        vec![certify(&self.key, &params, &self.pki.middle), self.pki.middle.der.clone()]
    }

    fn about(&self, subject: Option<&str>) -> SecuredCredential {
        let mut claims = badge();
        if let Some(subject) = subject {
            claims["credentialSubject"]["id"] = subject.into();
        }
        sign::issue_cose_certified(claims, &self.pki.chain(), &self.pki.key).expect("a credential")
    }

    fn terms(&self) -> PresentationTerms<'static> {
        PresentationTerms {
            holder: HOLDER,
            method: HOLDER,
            nonce: NONCE,
            audience: AUDIENCE,
            created: self.world.now,
        }
    }

    fn presented(
        &self,
        credential: SecuredCredential,
        form: CertifiedForm,
        (chain, key): (&[Vec<u8>], &dyn Signer),
    ) -> Presentation {
        let made = present_certified(&[credential], form, &self.terms(), (chain, key));
        let text = made.expect("a presentation").to_bare();
        Presentation::parse(text.as_bytes()).expect("it is read back")
    }

    fn judged(&self, presentation: Presentation, pins: &[&[u8]]) -> Verification {
        self.judged_at(presentation, pins, |_| {})
    }

    fn judged_at(
        &self,
        presentation: Presentation,
        pins: &[&[u8]],
        change: impl FnOnce(&mut Context),
    ) -> Verification {
        let mut anchors = IssuerAnchors::default();
        for pin in pins {
            anchors.add_file(pin).expect("a certificate");
        }
        let mut context = self.world.asking();
        context.certificates = Some(Arc::new(anchors));
        context.receipts = Receipts::Used;
        change(&mut context);
        let bundle = Bundle::of(Artefact::Presentation(presentation));
        verify(&bundle, &Material::default(), &context)
    }
}

#[test]
fn whom_a_certificate_names_under_an_anchor_presents() {
    let all = Parties::new(41);
    for form in FORMS {
        for subject in [None, Some(HOLDER)] {
            let chain = all.chain((2026, 2027));
            let shown = all.presented(all.about(subject), form, (&chain, &all.key));
            let verification = all.judged(shown, &[&all.pki.root.der]);
            accepted(&verification);
            let line = verification.checks().iter().find(|check| check.subject == "presentation");
            assert!(line.is_some_and(|line| line.evidence.contains_key("anchor")));
            let presenter = verification.presenter().expect("a presenter");
            assert_eq!(presenter.holder(), HOLDER);
            assert!(presenter.method().starts_with("urn:x509:sha-256:"));
            assert_eq!(presenter.key(), &all.key.public_key());
        }
    }
}

#[test]
fn what_is_about_somebody_else_is_not_presented_by_a_certificate() {
    let all = Parties::new(42);
    let chain = all.chain((2026, 2027));
    let judged = |subject: &str| {
        let shown = all.presented(all.about(Some(subject)), FORMS[1], (&chain, &all.key));
        all.judged(shown, &[&all.pki.root.der])
    };
    refused(&judged("https://somebody.example"), NAME, "holder-key-mismatch");
    // Whose these are is not known here, as where a DID presents.
    for untold in [
        "did:example:somebody",
        "http://alice.example/",
        "HTTPS://alice.example/",
        "acct:alice@example.org",
        "mailto:alice@example.org",
    ] {
        open(&judged(untold), NAME, "holder-not-shown");
    }
}

/// Whoever copied it has a DID of their own; and a DID may be that of the URL's owner, which is not known here either.
#[test]
fn what_is_about_a_url_is_nobodys_who_presents_by_a_did() {
    let all = Parties::new(48);
    let multikey = all.key.public_key().to_multikey();
    let (holder, method) =
        (format!("did:key:{multikey}"), format!("did:key:{multikey}#{multikey}"));
    let judged = |subject: Option<&str>| {
        let terms = PresentationTerms { holder: &holder, method: &method, ..all.terms() };
        let made = present_jose(&[all.about(subject)], &terms, &all.key).expect("a presentation");
        all.judged(made, &[&all.pki.root.der])
    };
    accepted(&judged(None));
    accepted(&judged(Some(&holder)));
    // What is no place on the web is nobody.
    accepted(&judged(Some("urn:uuid:5b6d1e9a-5a9e-4f53-9d8c-a4f1b1f6c001")));
    accepted(&judged(Some("URN:uuid:5b6d1e9a-5a9e-4f53-9d8c-a4f1b1f6c001")));
    for somebody in [
        HOLDER,
        "http://alice.example/",
        "HTTPS://alice.example/",
        "acct:alice@example.org",
        "mailto:alice@example.org",
    ] {
        open(&judged(Some(somebody)), NAME, "holder-not-shown");
    }
    refused(&judged(Some("did:example:somebody")), NAME, "holder-key-mismatch");
}

#[test]
fn without_an_anchor_nobody_is_known_to_present() {
    let all = Parties::new(43);
    let other = authority(certifier("another", (2020, 2040)), None);
    let chain = all.chain((2026, 2027));
    for form in FORMS {
        let shown = || all.presented(all.about(None), form, (&chain, &all.key));
        for pins in [&[][..], &[&other.der[..]]] {
            let verification = all.judged(shown(), pins);
            open(&verification, NAME, "certificate-anchor-unknown");
            assert!(verification.presenter().is_none());
        }
        let none = all.judged_at(shown(), &[], |context| context.certificates = None);
        open(&none, NAME, "certificate-anchor-unknown");
        // The certificate in it is no anchor, whoever pinned that of the credential's issuer.
        let issuer_alone = all.judged(shown(), &[&all.pki.leaf]);
        open(&issuer_alone, NAME, "certificate-anchor-unknown");
    }
}

#[test]
fn the_key_is_that_of_the_certificate_which_holds_now() {
    let all = Parties::new(45);
    let stranger = SecretKey::generate(KeyType::P256, &mut SeededRng::new(46));
    for form in FORMS {
        let good = all.chain((2026, 2027));
        let shown = all.presented(all.about(None), form, (&good, &stranger));
        let root: &[&[u8]] = &[&all.pki.root.der];
        refused(&all.judged(shown, root), NAME, "presentation-proof-invalid");
        for (years, code) in
            [((2024, 2025), "certificate-expired"), ((2028, 2029), "certificate-not-yet-valid")]
        {
            let chain = all.chain(years);
            let shown = all.presented(all.about(None), form, (&chain, &all.key));
            refused(&all.judged(shown, root), NAME, code);
        }
        let asked = |nonce: &'static str| {
            let shown = all.presented(all.about(None), form, (&good, &all.key));
            all.judged_at(shown, root, |context| {
                context.expectation.as_mut().expect("asked").nonce = nonce.to_owned();
            })
        };
        accepted(&asked(NONCE));
        refused(&asked("another"), NAME, "nonce-invalid");
    }
}

#[test]
fn a_certificate_presents_for_nobody_that_it_does_not_name() {
    let all = Parties::new(47);
    let chain = all.chain((2026, 2027));
    for form in FORMS {
        for holder in ["https://somebody.example", "did:example:somebody"] {
            let terms = PresentationTerms { holder, ..all.terms() };
            let made = present_certified(&[all.about(None)], form, &terms, (&chain, &all.key));
            assert!(made.is_err(), "{holder}");
        }
    }
}

//! An authenticator made of software, with a maker's certificate and metadata on its model: real bytes for tests of WebAuthn.
//!
//! In scope: making credentials and assertions as browsers hand them over, right in everything unless told otherwise. Out of scope: any
//! expectation.

use inkan_core::encoding::{b64, b64u, decode_b64u};
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Digest, sha256};
use inkan_crypto::{KeyType, SecretKey, Signer, jws};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm,
    SigningKey, date_time_ymd,
};
use serde_json::{Map, Value, json};

pub mod platform;

pub use platform::{Format, Platform};

use platform::Made;

/// The model of every authenticator here.
pub const AAGUID: &str = "f8a011f3-8c0a-4d15-8006-17111f9edc7d";
/// Where users meet the verifier.
pub const RP_ID: &str = "bank.example";
/// Its page.
pub const PAGE: &str = "https://bank.example";
/// Who the signer of metadata is certified as.
pub const METADATA_HOST: &str = "mds.example";
/// `id-fido-gen-ce-aaguid`.
const ID_AAGUID: [u64; 10] = [1, 3, 6, 1, 4, 1, 45_724, 1, 1, 4];

/// Flags of authenticator data.
pub const PRESENT: u8 = 0x01;
/// See [`PRESENT`].
pub const VERIFIED: u8 = 0x04;
/// See [`PRESENT`].
pub const BACKUP_ELIGIBLE: u8 = 0x08;
/// See [`PRESENT`].
pub const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// An authenticator.
#[derive(Debug)]
pub struct SoftAuthenticator {
    /// The key of its one credential.
    pub key: SecretKey,
    /// The id of that credential.
    pub credential_id: Vec<u8>,
    /// How often it has signed; 0 for one that does not count.
    pub counter: u32,
    /// What it says of its user and its key.
    pub flags: u8,
    /// How it shows its model.
    pub attestation: Shows,
    /// The relying party it answers for.
    pub rp_id: String,
}

/// How an authenticator shows its model.
#[derive(Debug)]
pub enum Shows {
    /// By the maker's certificate.
    Maker(Box<Maker>),
    /// As a platform does, or an old token.
    Platform(Box<Platform>),
    /// By its own key.
    Itself,
    /// Not at all.
    Nothing,
}

/// Whoever makes authenticators.
#[derive(Debug)]
pub struct Maker {
    /// DER of the certificate that metadata lists.
    pub root: Vec<u8>,
    leaf: Vec<u8>,
    key: KeyPair,
}

/// What a page says it asked.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The challenge.
    pub challenge: &'a Digest,
    /// Its origin.
    pub origin: &'a str,
    /// More members, each after a comma.
    pub more: &'a str,
}

impl<'a> Page<'a> {
    /// The verifier's own page.
    #[must_use]
    pub const fn of(challenge: &'a Digest) -> Self {
        Self { challenge, origin: PAGE, more: ",\"crossOrigin\":false" }
    }

    fn client_data(&self, kind: &str) -> Vec<u8> {
        let (challenge, origin, more) = (self.challenge.to_b64u(), self.origin, self.more);
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into()
    }
}

impl Maker {
    /// With a root of its own.
    ///
    /// # Panics
    ///
    /// If certificates cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let (root, issuer) = authority("Authenticator Root");
        let mut params = params();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in [
            (DnType::CountryName, "JP"),
            (DnType::OrganizationName, "Acme"),
            (DnType::OrganizationalUnitName, "Authenticator Attestation"),
            (DnType::CommonName, "Acme Key 1"),
        ] {
            params.distinguished_name.push(kind, value);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        let value = [&[0x04, 16], aaguid().as_slice()].concat();
        let model = CustomExtension::from_oid_content(&ID_AAGUID, value);
        params.custom_extensions.push(model);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let leaf = params.signed_by(&key, &issuer).expect("a certificate").der().to_vec();
        Self { root, leaf, key }
    }
}

impl Default for Maker {
    fn default() -> Self {
        Self::new()
    }
}

impl SoftAuthenticator {
    /// A good one: its user is known, its key stays, its maker vouches.
    #[must_use]
    pub fn new(attestation: Shows) -> Self {
        Self {
            key: SecretKey::generate(KeyType::P256, &mut SeededRng::new(77)),
            credential_id: vec![7; 32],
            counter: 40,
            flags: PRESENT | VERIFIED,
            attestation,
            rp_id: RP_ID.to_owned(),
        }
    }

    /// Makes its credential: client data and attestation object.
    ///
    /// # Panics
    ///
    /// If it cannot sign.
    #[must_use]
    pub fn create(&self, page: &Page<'_>) -> (Vec<u8>, Vec<u8>) {
        let client = page.client_data("webauthn.create");
        let mut data = self.data(self.flags | ATTESTED);
        data.extend(aaguid());
        data.extend(u16::try_from(self.credential_id.len()).expect("short").to_be_bytes());
        data.extend(&self.credential_id);
        data.extend(self.cose_key());
        let message = [data.as_slice(), sha256(&[&client]).as_bytes()].concat();
        let (format, statement) = match &self.attestation {
            Shows::Nothing => ("none", cbor_map(&[])),
            Shows::Itself => {
                let signature = der_signature(&self.key, &message);
                let members = [("alg", vec![0x26]), ("sig", cbor_bytes(&signature))];
                ("packed", cbor_map(&members))
            }
            Shows::Maker(maker) => {
                let signature = maker.key.sign(&message).expect("a signature");
                let chain = [vec![0x81], cbor_bytes(&maker.leaf)].concat();
                let members =
                    [("alg", vec![0x26]), ("sig", cbor_bytes(&signature)), ("x5c", chain)];
                ("packed", cbor_map(&members))
            }
            Shows::Platform(platform) => platform.statement(&Made {
                key: &self.key,
                credential_id: &self.credential_id,
                data: &data,
                client: &client,
            }),
        };
        let object = cbor_map(&[
            ("fmt", cbor_text(format)),
            ("attStmt", statement),
            ("authData", cbor_bytes(&data)),
        ]);
        (client, object)
    }

    /// Answers: the JSON that a page gets from the browser.
    #[must_use]
    pub fn get(&mut self, page: &Page<'_>) -> Value {
        if self.counter > 0 {
            self.counter = self.counter.saturating_add(1);
        }
        let client = page.client_data("webauthn.get");
        let data = self.data(self.flags);
        let message = [data.as_slice(), sha256(&[&client]).as_bytes()].concat();
        let id = b64u(&self.credential_id);
        json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": b64u(&client),
                "authenticatorData": b64u(&data),
                "signature": b64u(&der_signature(&self.key, &message)),
            },
        })
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let rp = sha256(&[self.rp_id.as_bytes()]);
        [rp.as_bytes().as_slice(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn cose_key(&self) -> Vec<u8> {
        let (x, y) = point(&self.key);
        [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..], &cbor_bytes(&x), &[0x22], &cbor_bytes(&y)]
            .concat()
    }
}

/// Whoever signs metadata.
#[derive(Debug)]
pub struct MetadataSigner {
    /// DER of the certificate to pin.
    pub root: Vec<u8>,
    leaf: Vec<u8>,
    key: SecretKey,
}

impl MetadataSigner {
    /// With a root of its own.
    ///
    /// # Panics
    ///
    /// If certificates cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let (root, issuer) = authority("Metadata Root");
        let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(78));
        let mut params = named(vec![METADATA_HOST.to_owned()]);
        params.is_ca = IsCa::ExplicitNoCa;
        let (x, y) = point(&key);
        let ours = Ours([vec![4], x, y].concat());
        let leaf = params.signed_by(&ours, &issuer).expect("a certificate").der().to_vec();
        Self { root, leaf, key }
    }

    /// Signs a BLOB.
    ///
    /// # Panics
    ///
    /// If it cannot sign.
    #[must_use]
    pub fn sign(&self, payload: &Value) -> Vec<u8> {
        let mut header = Map::new();
        header.insert("typ".to_owned(), "JWT".into());
        header.insert("x5c".to_owned(), json!([b64(&self.leaf)]));
        let text = jws::sign(header, payload.to_string().as_bytes(), &self.key);
        text.expect("a signature").into_bytes()
    }
}

impl Default for MetadataSigner {
    fn default() -> Self {
        Self::new()
    }
}

/// Metadata on [`AAGUID`]: a certificate that vouches, and reports from old to new, one a year.
#[must_use]
pub fn metadata_of(root: &[u8], statuses: &[&str]) -> Value {
    let reports: Vec<Value> = statuses
        .iter()
        .zip(2020..)
        .map(|(status, year)| json!({ "status": status, "effectiveDate": format!("{year}-01-02") }))
        .collect();
    json!({
        "legalHeader": "none", "no": 7, "nextUpdate": "2026-07-01",
        "entries": [
            { "aaid": "1234#5678", "statusReports": [], "timeOfLastStatusChange": "2020-01-01" },
            {
                "aaguid": AAGUID,
                "metadataStatement": {
                    "description": "Acme Key", "keyProtection": ["hardware", "secure_element"],
                    "attestationRootCertificates": [b64(root)],
                },
                "statusReports": reports,
                "timeOfLastStatusChange": "2026-01-01",
            },
        ],
    })
}

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

fn authority(name: &str) -> (Vec<u8>, Issuer<'static, KeyPair>) {
    let mut params = params();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let der = params.self_signed(&key).expect("a certificate").der().to_vec();
    (der, Issuer::new(params, key))
}

fn params() -> CertificateParams {
    named(vec![])
}

fn named(names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("parameters");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

fn aaguid() -> Vec<u8> {
    inkan_core::encoding::decode_hex(&AAGUID.replace('-', "")).expect("hex")
}

fn point(key: &SecretKey) -> (Vec<u8>, Vec<u8>) {
    let jwk = key.public_key().to_jwk();
    let part = |name: &str| decode_b64u(jwk[name].as_str().expect("a member")).expect("base64url");
    (part("x"), part("y"))
}

/// ECDSA in DER, as authenticators sign.
fn der_signature(key: &SecretKey, message: &[u8]) -> Vec<u8> {
    let plain = key.sign(message).expect("a signature");
    let integer = |half: &[u8]| {
        let digits: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = if digits.first().is_none_or(|first| *first > 127) { vec![0] } else { vec![] };
        let value = [sign, digits].concat();
        [vec![2, u8::try_from(value.len()).expect("short")], value].concat()
    };
    let (r, s) = plain.split_at(32);
    let body = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(body.len()).expect("short")], body].concat()
}

fn cbor_head(major: u8, length: usize) -> Vec<u8> {
    let major = major << 5;
    match u16::try_from(length).expect("short") {
        small @ 0..24 => vec![major | u8::try_from(small).expect("small")],
        byte @ 24..=255 => vec![major | 24, u8::try_from(byte).expect("a byte")],
        long => [&[major | 25], long.to_be_bytes().as_slice()].concat(),
    }
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    [cbor_head(2, bytes.len()), bytes.to_vec()].concat()
}

fn cbor_text(text: &str) -> Vec<u8> {
    [cbor_head(3, text.len()), text.as_bytes().to_vec()].concat()
}

fn cbor_map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let each = members.iter().flat_map(|(name, value)| [cbor_text(name), value.clone()].concat());
    [cbor_head(5, members.len()), each.collect()].concat()
}

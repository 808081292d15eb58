//! Attestations of platforms and of tokens from before WebAuthn: `tpm`, `android-key`, `apple`, `fido-u2f`, right in everything unless told otherwise.

use inkan_core::sha256;
use inkan_crypto::SecretKey;
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    PKCS_ECDSA_P256_SHA256, SigningKey,
};

use super::{
    ID_AAGUID, Ours, aaguid, authority, cbor_bytes, cbor_map, cbor_text, der_signature, params,
    point,
};

/// A maker of platforms, and how what they say differs from what it should be.
pub struct Platform {
    /// DER of the certificate that metadata lists.
    pub root: Vec<u8>,
    /// The format of its attestations.
    pub format: Format,
    /// What is changed before anything is signed.
    pub change: fn(&mut Parts<'_>),
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").field("format", &self.format).finish_non_exhaustive()
    }
}

/// A format of attestation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// A key of a TPM.
    Tpm,
    /// A key of Android's keystore.
    Android,
    /// A key of an Apple device.
    Apple,
    /// A U2F token.
    U2f,
}

/// What an attestation says.
#[derive(Debug)]
pub struct Parts<'a> {
    /// TPM: attributes of the key.
    pub attributes: u32,
    /// TPM: what a module puts before what it made itself.
    pub magic: u32,
    /// TPM: over what it certified, before the digest.
    pub asked: Vec<u8>,
    /// TPM: what is named; the public area.
    pub named: Vec<u8>,
    /// TPM: whether the certificate is for keys of attestation, and whether it has a subject.
    pub is_attestation_key: bool,
    /// See above.
    pub has_subject: bool,
    /// TPM: the algorithm by which the key is named.
    pub name_algorithm: u8,
    /// TPM: algorithm, as COSE in CBOR.
    pub algorithm: Vec<u8>,
    /// Android: where the key lies: software, protected environment, a chip of its own.
    pub level: u8,
    /// Android: what software enforces, DER.
    pub software: Vec<u8>,
    /// Android: what the protected environment enforces, DER.
    pub hardware: Vec<u8>,
    /// Android: the challenge; Apple: the digest.
    pub challenge: Vec<u8>,
    /// Android, Apple: the key in the certificate.
    pub key: &'a SecretKey,
    /// U2F: the relying party.
    pub rp: Vec<u8>,
    /// U2F: whether the certificate names its model.
    pub is_named: bool,
    /// U2F: a certificate of the credential's own key in place of the maker's.
    pub certificate: Option<Vec<u8>>,
}

/// What is there before anything is said.
pub(super) struct Made<'a> {
    pub(super) key: &'a SecretKey,
    pub(super) credential_id: &'a [u8],
    /// Authenticator data.
    pub(super) data: &'a [u8],
    /// Client data.
    pub(super) client: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Right in everything.
    fn usual(key: &'a SecretKey, asked: &[u8], challenge: &[u8]) -> Self {
        Self {
            attributes: 0x0006_0472,
            magic: 0xff54_4347,
            asked: asked.to_vec(),
            named: Vec::new(),
            is_attestation_key: true,
            has_subject: false,
            name_algorithm: 0x0b,
            algorithm: vec![0x26],
            level: 1,
            software: tlv(0x30, &[]),
            hardware: hardware_of(&root_of_trust(LOCKED, 0)),
            challenge: challenge.to_vec(),
            key,
            rp: Vec::new(),
            is_named: true,
            certificate: None,
        }
    }
}

impl Platform {
    /// With a root of its own.
    ///
    /// # Panics
    ///
    /// If certificates cannot be made.
    #[must_use]
    pub fn new(format: Format) -> Self {
        let (root, issuer) = authority("Platform Root");
        Self { root, format, change: |_| {}, issuer }
    }

    /// The same, and it says something else.
    #[must_use]
    pub fn with(format: Format, change: fn(&mut Parts<'_>)) -> Self {
        Self { change, ..Self::new(format) }
    }

    /// The name of the format, and the statement in CBOR.
    pub(super) fn statement(&self, made: &Made<'_>) -> (&'static str, Vec<u8>) {
        let client = sha256(&[made.client]);
        let message = [made.data, client.as_bytes()].concat();
        let digest = match self.format {
            Format::Apple => sha256(&[&message]),
            Format::Tpm | Format::Android | Format::U2f => client,
        };
        let mut parts = Parts::usual(made.key, &message, digest.as_bytes());
        parts.rp = made.data.get(..32).expect("a digest").to_vec();
        (self.change)(&mut parts);
        match self.format {
            Format::Tpm => {
                let area = public_area(made.key, &parts);
                let named = if parts.named.is_empty() { &area } else { &parts.named };
                ("tpm", self.tpm(&parts, &area, named))
            }
            Format::Android => ("android-key", self.android(&parts, made, &message)),
            Format::Apple => ("apple", self.apple(&parts)),
            Format::U2f => ("fido-u2f", self.u2f(&parts, made, client.as_bytes())),
        }
    }

    fn certificate(&self, params: &CertificateParams, key: &SecretKey) -> Vec<u8> {
        let (x, y) = point(key);
        let key = Ours([vec![4], x, y].concat());
        params.signed_by(&key, &self.issuer).expect("a certificate").der().to_vec()
    }

    fn tpm(&self, parts: &Parts<'_>, area: &[u8], named: &[u8]) -> Vec<u8> {
        let attested = attested(parts, named);
        let mut params = params_of(parts.has_subject);
        let names = [[2, 1], [2, 2], [2, 3]].map(|[a, b]| {
            let oid = tlv(0x06, &[0x67, 0x81, 0x05, a, b]);
            tlv(0x31, &tlv(0x30, &[oid, tlv(0x0c, b"id:00000000")].concat()))
        });
        let module = tlv(0x30, &tlv(0xa4, &tlv(0x30, &names.concat())));
        params.custom_extensions.push(extension(&[2, 5, 29, 17], module, true));
        let purpose: &[u8] = if parts.is_attestation_key {
            &[0x67, 0x81, 0x05, 0x08, 0x03]
        } else {
            &[0x67, 0x81, 0x05, 0x08, 0x01]
        };
        params.custom_extensions.push(extension(
            &[2, 5, 29, 37],
            tlv(0x30, &tlv(0x06, purpose)),
            false,
        ));
        // As the certificates of such keys have it: a policy, and it is critical.
        let policy = tlv(0x30, &tlv(0x30, &tlv(0x06, &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 31])));
        params.custom_extensions.push(extension(&[2, 5, 29, 32], policy, true));
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let leaf = params.signed_by(&key, &self.issuer).expect("a certificate").der().to_vec();
        cbor_map(&[
            ("alg", parts.algorithm.clone()),
            ("sig", cbor_bytes(&key.sign(&attested).expect("a signature"))),
            ("ver", cbor_text("2.0")),
            ("x5c", chain(&leaf)),
            ("pubArea", cbor_bytes(area)),
            ("certInfo", cbor_bytes(&attested)),
        ])
    }

    fn android(&self, parts: &Parts<'_>, made: &Made<'_>, message: &[u8]) -> Vec<u8> {
        let mut params = params_of(true);
        params.custom_extensions.push(extension(
            &[1, 3, 6, 1, 4, 1, 11_129, 2, 1, 17],
            description(parts),
            false,
        ));
        let leaf = self.certificate(&params, parts.key);
        cbor_map(&[
            ("alg", vec![0x26]),
            ("sig", cbor_bytes(&der_signature(made.key, message))),
            ("x5c", chain(&leaf)),
        ])
    }

    fn apple(&self, parts: &Parts<'_>) -> Vec<u8> {
        let nonce = tlv(0x30, &tlv(0xa1, &tlv(0x04, &parts.challenge)));
        let mut params = params_of(true);
        params.custom_extensions.push(extension(&[1, 2, 840, 113_635, 100, 8, 2], nonce, false));
        cbor_map(&[("x5c", chain(&self.certificate(&params, parts.key)))])
    }

    fn u2f(&self, parts: &Parts<'_>, made: &Made<'_>, client: &[u8]) -> Vec<u8> {
        let (x, y) = point(made.key);
        let signed = [&[0], &*parts.rp, client, made.credential_id, &[4], &x, &y].concat();
        let mut params = params_of(true);
        if parts.is_named {
            let value = [&[0x04, 16], aaguid().as_slice()].concat();
            params.custom_extensions.push(extension(&ID_AAGUID, value, false));
        }
        if let Some(leaf) = &parts.certificate {
            let signature = der_signature(parts.key, &signed);
            return cbor_map(&[("sig", cbor_bytes(&signature)), ("x5c", chain(leaf))]);
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let leaf = params.signed_by(&key, &self.issuer).expect("a certificate").der().to_vec();
        let signature = key.sign(&signed).expect("a signature");
        cbor_map(&[("sig", cbor_bytes(&signature)), ("x5c", chain(&leaf))])
    }
}

/// Android: `[1] SET OF INTEGER { 2 }` and `[702] INTEGER 0`.
pub const PURPOSE_SIGN: &[u8] = &[0xa1, 5, 0x31, 3, 2, 1, 2];
/// See above.
pub const ORIGIN_GENERATED: &[u8] = &[0xbf, 0x85, 0x3e, 3, 2, 1, 0];
/// Android: `[702] INTEGER 2`, a key that was brought in.
pub const ORIGIN_IMPORTED: &[u8] = &[0xbf, 0x85, 0x3e, 3, 2, 1, 2];
/// Android: `[600] NULL`.
pub const ALL_APPLICATIONS: &[u8] = &[0xbf, 0x84, 0x58, 2, 5, 0];

/// Android: a device that nobody opened, for [`root_of_trust`].
pub const LOCKED: u8 = 0xff;

/// Android: `[704] RootOfTrust`: whether the device is locked (a BOOLEAN), and the state of its boot.
#[must_use]
pub fn root_of_trust(locked: u8, state: u8) -> Vec<u8> {
    let digest = tlv(0x04, &[5; 32]);
    let members = [digest.clone(), tlv(0x01, &[locked]), tlv(0x0a, &[state]), digest];
    let root = tlv(0x30, &members.concat());
    [&[0xbf, 0x85, 0x40, u8::try_from(root.len()).expect("short")], root.as_slice()].concat()
}

/// Android: the usual list of what the protected environment enforces, with this at its end.
#[must_use]
pub fn hardware_of(root_of_trust: &[u8]) -> Vec<u8> {
    tlv(0x30, &[PURPOSE_SIGN, ORIGIN_GENERATED, root_of_trust].concat())
}

/// A certificate of version 1 for a key on P-256, as old tokens have it, with so many unused bits in its signature (0 is right). Nobody signed it.
#[must_use]
pub fn old_certificate(key: &SecretKey, unused: u8) -> Vec<u8> {
    let (x, y) = point(key);
    let algorithm = tlv(0x30, &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
    let of_key = [
        tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    ];
    let key = [tlv(0x30, &of_key.concat()), tlv(0x03, &[vec![0, 4], x, y].concat())];
    let validity = [tlv(0x17, b"120101000000Z"), tlv(0x17, b"400101000000Z")];
    let body = [
        tlv(0x02, &[1]),
        algorithm.clone(),
        tlv(0x30, &[]),
        tlv(0x30, &validity.concat()),
        tlv(0x30, &[]),
        tlv(0x30, &key.concat()),
    ];
    let signature = tlv(0x03, &[&[unused], der_nothing().as_slice()].concat());
    tlv(0x30, &[tlv(0x30, &body.concat()), algorithm, signature].concat())
}

/// What platforms' statements are made of: `TPMS_ATTEST`, `TPMT_PUBLIC`, `KeyDescription`, each with its name.
#[must_use]
pub fn structures(key: &SecretKey) -> [(&'static str, Vec<u8>); 3] {
    let parts = Parts::usual(key, b"asked", &[0; 32]);
    let area = public_area(key, &parts);
    [
        ("tpm-attest", attested(&parts, &area)),
        ("tpm-public", area),
        ("android", description(&parts)),
    ]
}

/// An ECDSA signature of nobody.
fn der_nothing() -> Vec<u8> {
    tlv(0x30, &[2, 1, 1, 2, 1, 1])
}

/// `TPMS_ATTEST` over a public area.
fn attested(parts: &Parts<'_>, named: &[u8]) -> Vec<u8> {
    let name = [&[0, parts.name_algorithm], sha256(&[named]).as_bytes().as_slice()].concat();
    let asked = sha256(&[&parts.asked]);
    [
        parts.magic.to_be_bytes().as_slice(),
        &[0x80, 0x17],
        &sized(&name),
        &sized(asked.as_bytes()),
        &[0; 25],
        &sized(&name),
        &sized(&[]),
    ]
    .concat()
}

/// `KeyDescription`.
fn description(parts: &Parts<'_>) -> Vec<u8> {
    let level = tlv(0x0a, &[parts.level]);
    let members = [
        tlv(0x02, &[1, 0x2c]),
        level.clone(),
        tlv(0x02, &[1, 0x2c]),
        level,
        tlv(0x04, &parts.challenge),
        tlv(0x04, &[]),
        parts.software.clone(),
        parts.hardware.clone(),
    ];
    tlv(0x30, &members.concat())
}

/// One element of DER.
///
/// # Panics
///
/// If it is longer than 65,535 bytes.
#[must_use]
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let head = match u16::try_from(content.len()).expect("short") {
        small @ 0..128 => vec![tag, u8::try_from(small).expect("small")],
        byte @ 128..=255 => vec![tag, 0x81, u8::try_from(byte).expect("a byte")],
        long => [&[tag, 0x82], long.to_be_bytes().as_slice()].concat(),
    };
    [head, content.to_vec()].concat()
}

/// A certificate of an authenticator, with or without a subject.
fn params_of(has_subject: bool) -> CertificateParams {
    let mut params = params();
    params.distinguished_name = DistinguishedName::new();
    if has_subject {
        params.distinguished_name.push(DnType::CommonName, "Acme Platform");
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

fn extension(oid: &[u64], content: Vec<u8>, critical: bool) -> CustomExtension {
    let mut made = CustomExtension::from_oid_content(oid, content);
    made.set_criticality(critical);
    made
}

fn chain(leaf: &[u8]) -> Vec<u8> {
    [vec![0x81], cbor_bytes(leaf)].concat()
}

/// Bytes after their length.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("short");
    [length.to_be_bytes().as_slice(), bytes].concat()
}

/// `TPMT_PUBLIC` of a key on P-256.
fn public_area(key: &SecretKey, parts: &Parts<'_>) -> Vec<u8> {
    let (x, y) = point(key);
    [
        [0, 0x23, 0, parts.name_algorithm].as_slice(),
        &parts.attributes.to_be_bytes(),
        &sized(&[]),
        &[0, 0x10, 0, 0x10, 0, 3, 0, 0x10],
        &sized(&x),
        &sized(&y),
    ]
    .concat()
}

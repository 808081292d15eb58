//! BBS signatures over lists of messages, and proofs that show some of them ([draft-irtf-cfrg-bbs-signatures-10]).
//!
//! In scope: the interface `H2G_HM2S_` of ciphersuite BLS12-381-SHA-256, which `bbs-2023` uses: sign, verify, make and check
//! proofs. Two proofs from one signature have nothing in common but what they show. Out of scope: what the messages are
//! (`inkan-credential`), blind signatures and pseudonyms.
//!
//! The functions below transcribe the draft's procedures with its names. Operations take the same time whatever a secret
//! scalar is; what is kept of secret scalars is wiped.
//!
//! [draft-irtf-cfrg-bbs-signatures-10]: https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-bbs-signatures-10

mod curve;
mod hash;
mod key;

use std::iter::zip;

use bls12_381::{G1Affine, G2Prepared, Gt, Scalar, multi_miller_loop};
use inkan_core::CryptoRng;
use zeroize::Zeroizing;

use self::curve::{base, generators, minus_base_g2, sum_of_products};
use self::hash::{EXPAND_LENGTH, hash_to_scalar, reduce};
use crate::keys::{PublicKey, SignatureError};

pub(crate) use self::key::{BbsKey, BbsSecret};

/// Messages that one signature can be over: more make work, not credentials.
pub const MESSAGE_LIMIT: usize = 2_048;

/// Bytes of a signature: a point of G1 and a scalar.
pub const SIGNATURE_LENGTH: usize = 80;

const POINT_LENGTH: usize = 48;
const SCALAR_LENGTH: usize = 32;
/// Bytes of a proof that shows every message; each that it hides adds a scalar.
const SHORTEST_PROOF: usize = 3 * POINT_LENGTH + 4 * SCALAR_LENGTH;

const API_ID: &[u8] = b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_";
const MAP_DST: &[u8] = b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_MAP_MSG_TO_SCALAR_AS_HASH_";
const HASH_DST: &[u8] = b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_H2S_";

/// What a proof is bound to beside messages.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `header`: what the signer fixed, and every proof shows.
    pub header: &'a [u8],
    /// `ph`: what the prover fixes for this one proof.
    pub presentation_header: &'a [u8],
}

/// Signs `messages` under `header` (`Sign`): 80 bytes, the same each time.
pub(crate) fn sign(
    (secret, key): (&BbsSecret, &BbsKey),
    header: &[u8],
    messages: &[&[u8]],
) -> Result<[u8; SIGNATURE_LENGTH], BbsError> {
    let sk = secret.scalar();
    let messages = messages_to_scalars(messages)?;
    let generators = generators(messages.len().saturating_add(1));

    // CoreSign, steps 1 to 4.
    let domain = calculate_domain(key, &generators, header);
    let mut input = Zeroizing::new(Vec::with_capacity(
        messages.len().saturating_add(2).saturating_mul(SCALAR_LENGTH),
    ));
    for scalar in [sk].into_iter().chain(messages.iter()).chain([&domain]) {
        input.extend_from_slice(&scalar_to_octets(scalar));
    }
    let e = hash_to_scalar(&[&input], HASH_DST);
    let b = commitment(&generators, &domain, zip(0.., messages.iter().copied()));
    let inverse = invert(&(sk + e))?;
    let a = G1Affine::from(sum_of_products(&[(b, *inverse)]));
    let mut out = [0; SIGNATURE_LENGTH];
    for (to, from) in zip(&mut out, a.to_compressed().into_iter().chain(scalar_to_octets(&e))) {
        *to = from;
    }
    Ok(out)
}

/// Checks the signature over all `messages` (`Verify`).
///
/// # Errors
///
/// [`BbsError`]; [`BbsError::Mismatch`] if it is not this key's over these messages and this header.
pub fn verify(
    key: &PublicKey,
    signature: &[u8],
    header: &[u8],
    messages: &[&[u8]],
) -> Result<(), BbsError> {
    let key = key.bbs().ok_or(BbsError::KeyType)?;
    let (a, e) = octets_to_signature(signature)?;
    let messages = messages_to_scalars(messages)?;
    let generators = generators(messages.len().saturating_add(1));

    // CoreVerify, steps 1 to 3.
    let domain = calculate_domain(key, &generators, header);
    let b = commitment(&generators, &domain, zip(0.., messages.iter().copied()));
    let right = G1Affine::from(sum_of_products(&[(a, -e)]) + b);
    pairing_holds((&a, &key.prepared()), &right)
}

/// Proves knowledge of a signature over `messages`, of which those at the indexes `disclosed` (ascending, counted from 0)
/// are shown (`ProofGen`). Draws 48 bytes for each of five scalars and each hidden message.
///
/// Whether the signature is good is not checked: a proof from a bad one does not verify.
///
/// # Errors
///
/// [`BbsError`]; none is worth a retry.
pub fn prove(
    (key, signature): (&PublicKey, &[u8]),
    headers: Headers<'_>,
    messages: &[&[u8]],
    disclosed: &[usize],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, BbsError> {
    let key = key.bbs().ok_or(BbsError::KeyType)?;
    let (a, e) = octets_to_signature(signature)?;
    let messages = messages_to_scalars(messages)?;
    check_indexes(disclosed, messages.len())?;
    let generators = generators(messages.len().saturating_add(1));
    let shown = |index: usize| disclosed.binary_search(&index).is_ok();
    let pick = |wanted: bool| zip(0.., messages.iter()).filter(move |(i, _)| shown(*i) == wanted);

    // CoreProofGen, step 1.
    let [r1, r2, e_t, r1_t, r3_t] = [(); 5].map(|()| Zeroizing::new(random_scalar(rng)));
    let m_t: Zeroizing<Vec<Scalar>> =
        Zeroizing::new(pick(false).map(|_| random_scalar(rng)).collect());

    // ProofInit, steps 1 to 7.
    let domain = calculate_domain(key, &generators, headers.header);
    let b = commitment(&generators, &domain, zip(0.., messages.iter().copied()));
    let d = G1Affine::from(sum_of_products(&[(b, *r2)]));
    let a_bar = G1Affine::from(sum_of_products(&[(a, *r1 * *r2)]));
    let b_bar = G1Affine::from(sum_of_products(&[(d, *r1), (a_bar, -e)]));
    let t1 = G1Affine::from(sum_of_products(&[(a_bar, *e_t), (d, *r1_t)]));
    let blinded = zip(pick(false), m_t.iter()).map(|((index, _), blind)| (index, *blind));
    let mut terms = Zeroizing::new(terms_of(&generators, blinded));
    terms.push((d, *r3_t));
    let t2 = G1Affine::from(sum_of_products(&terms));

    // CoreProofGen, step 4.
    let points = [a_bar, b_bar, d, t1, t2];
    let challenge = calculate_challenge(&points, &domain, pick(true), headers.presentation_header);

    // ProofFinalize, steps 1 to 7.
    let r3 = invert(&r2)?;
    let mut proof = Vec::new();
    for point in [a_bar, b_bar, d] {
        proof.extend_from_slice(&point.to_compressed());
    }
    let head = [*e_t + e * challenge, *r1_t - *r1 * challenge, *r3_t - *r3 * challenge];
    let hidden = zip(pick(false), m_t.iter()).map(|((_, m), blind)| blind + m * challenge);
    for scalar in head.into_iter().chain(hidden).chain([challenge]) {
        proof.extend_from_slice(&scalar_to_octets(&scalar));
    }
    Ok(proof)
}

/// Checks a proof that shows the messages of `disclosed` at their indexes, ascending (`ProofVerify`).
///
/// # Errors
///
/// [`BbsError`]; [`BbsError::Mismatch`] if it does not prove this key's signature over these messages and headers.
pub fn verify_proof(
    key: &PublicKey,
    proof: &[u8],
    headers: Headers<'_>,
    disclosed: &[(usize, &[u8])],
) -> Result<(), BbsError> {
    let key = key.bbs().ok_or(BbsError::KeyType)?;
    let Proof { points: [a_bar, b_bar, d], e, r1, r3, hidden, challenge } = octets_to_proof(proof)?;
    let count = hidden.len().saturating_add(disclosed.len());
    let indexes: Vec<usize> = disclosed.iter().map(|(index, _)| *index).collect();
    let messages: Vec<&[u8]> = disclosed.iter().map(|(_, message)| *message).collect();
    let messages = messages_to_scalars(&messages)?;
    check_count(count)?;
    check_indexes(&indexes, count)?;
    let generators = generators(count.saturating_add(1));

    // ProofVerifyInit, steps 1 to 4. T2 is one sum: Bv * c is multiplied out.
    let domain = calculate_domain(key, &generators, headers.header);
    let t1 = sum_of_products(&[(b_bar, challenge), (a_bar, e), (d, r1)]);
    let hidden_indexes = (0..count).filter(|index| indexes.binary_search(index).is_err());
    let mut terms = terms_of(&generators, zip(hidden_indexes, hidden));
    let shown = zip(indexes.iter().copied(), messages.iter());
    terms.extend(terms_of(&generators, shown.clone().map(|(index, m)| (index, m * challenge))));
    terms.extend(generators.first().map(|q1| (*q1, domain * challenge)));
    terms.extend([(base(), challenge), (d, r3)]);
    let t2 = sum_of_products(&terms);

    // CoreProofVerify, steps 3 to 6.
    let points = [a_bar, b_bar, d, t1.into(), t2.into()];
    let expected = calculate_challenge(&points, &domain, shown, headers.presentation_header);
    if expected != challenge {
        return Err(BbsError::Mismatch);
    }
    pairing_holds((&a_bar, &key.prepared()), &b_bar)
}

/// Whether e(`left`) = e(`right`, BP2).
fn pairing_holds(left: (&G1Affine, &G2Prepared), right: &G1Affine) -> Result<(), BbsError> {
    let product = multi_miller_loop(&[left, (right, minus_base_g2())]).final_exponentiation();
    if product == Gt::identity() { Ok(()) } else { Err(BbsError::Mismatch) }
}

/// `B`: P1 + Q1 * domain + the sum of H_i * msg_i.
fn commitment(
    generators: &[G1Affine],
    domain: &Scalar,
    messages: impl Iterator<Item = (usize, Scalar)>,
) -> G1Affine {
    let mut terms = Zeroizing::new(Vec::new());
    terms.extend(generators.first().map(|q1| (*q1, *domain)));
    terms.extend(terms_of(generators, messages));
    (sum_of_products(&terms) + base()).into()
}

/// The generator of each message index, with the scalar that belongs to it.
fn terms_of(
    generators: &[G1Affine],
    scalars: impl Iterator<Item = (usize, Scalar)>,
) -> Vec<(G1Affine, Scalar)> {
    let generators = generators.get(1..).unwrap_or_default();
    scalars.filter_map(|(index, scalar)| Some((*generators.get(index)?, scalar))).collect()
}

/// `messages_to_scalars`.
fn messages_to_scalars(messages: &[&[u8]]) -> Result<Zeroizing<Vec<Scalar>>, BbsError> {
    check_count(messages.len())?;
    let scalars = messages.iter().map(|message| hash_to_scalar(&[message], MAP_DST));
    Ok(Zeroizing::new(scalars.collect()))
}

/// `calculate_domain`; `generators` begins with that of the domain.
fn calculate_domain(key: &BbsKey, generators: &[G1Affine], header: &[u8]) -> Scalar {
    let mut input = key.compressed().to_vec();
    input.extend_from_slice(&octets_of(generators.len().saturating_sub(1)));
    for point in generators {
        input.extend_from_slice(&point.to_compressed());
    }
    input.extend_from_slice(API_ID);
    hash_to_scalar(&[&input, &octets_of(header.len()), header], HASH_DST)
}

/// `ProofChallengeCalculate`; `points` are Abar, Bbar, D, T1 and T2.
fn calculate_challenge<'a>(
    points: &[G1Affine; 5],
    domain: &Scalar,
    disclosed: impl Iterator<Item = (usize, &'a Scalar)>,
    presentation_header: &[u8],
) -> Scalar {
    let mut input = Vec::new();
    let mut count = 0_usize;
    for (index, message) in disclosed {
        count = count.saturating_add(1);
        input.extend_from_slice(&octets_of(index));
        input.extend_from_slice(&scalar_to_octets(message));
    }
    for point in points {
        input.extend_from_slice(&point.to_compressed());
    }
    input.extend_from_slice(&scalar_to_octets(domain));
    let length = octets_of(presentation_header.len());
    hash_to_scalar(&[&octets_of(count), &input, &length, presentation_header], HASH_DST)
}

/// `calculate_random_scalars`, one of them.
fn random_scalar(rng: &mut impl CryptoRng) -> Scalar {
    let mut bytes = Zeroizing::new([0; 48]);
    debug_assert_eq!(bytes.len(), usize::from(EXPAND_LENGTH));
    rng.fill(&mut *bytes);
    reduce(&*bytes)
}

fn invert(scalar: &Scalar) -> Result<Zeroizing<Scalar>, BbsError> {
    let inverse: Option<Scalar> = scalar.invert().into();
    inverse.map(Zeroizing::new).ok_or(BbsError::Scalar)
}

fn check_count(count: usize) -> Result<(), BbsError> {
    if count > MESSAGE_LIMIT { Err(BbsError::TooManyMessages) } else { Ok(()) }
}

/// Ascending, none twice, all below `count`.
fn check_indexes(indexes: &[usize], count: usize) -> Result<(), BbsError> {
    let ascending = indexes.is_sorted_by(|one, next| one < next);
    let in_range = indexes.last().is_none_or(|last| *last < count);
    if ascending && in_range { Ok(()) } else { Err(BbsError::Indexes) }
}

/// A number of things, as eight bytes.
fn octets_of(number: usize) -> [u8; 8] {
    u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes()
}

fn scalar_to_octets(scalar: &Scalar) -> [u8; SCALAR_LENGTH] {
    let mut bytes = scalar.to_bytes();
    bytes.reverse();
    bytes
}

/// A scalar in its one form, and not zero.
fn octets_to_scalar(bytes: &[u8]) -> Option<Scalar> {
    let mut bytes: [u8; SCALAR_LENGTH] = bytes.try_into().ok()?;
    bytes.reverse();
    Option::from(Scalar::from_bytes(&bytes)).filter(|scalar| *scalar != Scalar::zero())
}

/// A point of the group of order r in its one form, and not the identity.
fn octets_to_point(bytes: &[u8]) -> Option<G1Affine> {
    let bytes = bytes.try_into().ok()?;
    let point: Option<G1Affine> = G1Affine::from_compressed(bytes).into();
    point.filter(|point| !bool::from(point.is_identity()))
}

/// `octets_to_signature`.
fn octets_to_signature(bytes: &[u8]) -> Result<(G1Affine, Scalar), BbsError> {
    let (a, e) = bytes.split_at_checked(POINT_LENGTH).ok_or(BbsError::SignatureMalformed)?;
    octets_to_point(a).zip(octets_to_scalar(e)).ok_or(BbsError::SignatureMalformed)
}

struct Proof {
    points: [G1Affine; 3],
    e: Scalar,
    r1: Scalar,
    r3: Scalar,
    hidden: Vec<Scalar>,
    challenge: Scalar,
}

/// `octets_to_proof`.
fn octets_to_proof(bytes: &[u8]) -> Result<Proof, BbsError> {
    let longest = MESSAGE_LIMIT.saturating_mul(SCALAR_LENGTH).saturating_add(SHORTEST_PROOF);
    if bytes.len() > longest {
        return Err(BbsError::TooManyMessages);
    }
    read_proof(bytes).ok_or(BbsError::ProofMalformed)
}

fn read_proof(bytes: &[u8]) -> Option<Proof> {
    let (points, scalars) = bytes.split_at_checked(3 * POINT_LENGTH)?;
    let mut points = points.chunks(POINT_LENGTH).map(octets_to_point);
    let points = [points.next()??, points.next()??, points.next()??];
    let scalars: Option<Vec<Scalar>> =
        scalars.chunks(SCALAR_LENGTH).map(octets_to_scalar).collect();
    let scalars = scalars?;
    let [e, r1, r3, hidden @ .., challenge] = scalars.as_slice() else { return None };
    Some(Proof { points, e: *e, r1: *r1, r3: *r3, hidden: hidden.to_vec(), challenge: *challenge })
}

/// How many messages a proof hides, if it has the length of one.
///
/// # Errors
///
/// [`BbsError::ProofMalformed`].
pub fn hidden_messages(proof: &[u8]) -> Result<usize, BbsError> {
    let rest = proof.len().checked_sub(SHORTEST_PROOF).ok_or(BbsError::ProofMalformed)?;
    if rest.is_multiple_of(SCALAR_LENGTH) {
        Ok(rest / SCALAR_LENGTH)
    } else {
        Err(BbsError::ProofMalformed)
    }
}

/// Why a BBS signature or proof is not accepted, or not made. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BbsError {
    /// The key is of another type.
    #[error("key is no BLS12-381 key")]
    KeyType,
    /// More messages than are looked at.
    #[error("more than {MESSAGE_LIMIT} messages")]
    TooManyMessages,
    /// The indexes are not ascending, or one is beyond the messages.
    #[error("indexes of messages are not ascending, or beyond the last")]
    Indexes,
    /// Not a point of the group and a scalar.
    #[error("BBS signature is malformed")]
    SignatureMalformed,
    /// Not three points of the group and at least four scalars.
    #[error("BBS proof is malformed")]
    ProofMalformed,
    /// A scalar that had to be inverted is zero, which does not happen with sound randomness.
    #[error("a scalar is zero")]
    Scalar,
    /// It does not verify. Says no more, so as not to become an oracle.
    #[error("signature or proof does not match messages and key")]
    Mismatch,
}

impl BbsError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyType => "bbs-key-unsuitable",
            Self::TooManyMessages => "bbs-messages-too-many",
            Self::Indexes => "bbs-indexes-invalid",
            Self::SignatureMalformed => "bbs-signature-malformed",
            Self::ProofMalformed => "bbs-proof-malformed",
            Self::Scalar => "bbs-scalar-zero",
            Self::Mismatch => SignatureError::Mismatch.code(),
        }
    }
}

#[cfg(test)]
mod tests;

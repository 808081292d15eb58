//! Sums of products in G1, and the fixed points that all BBS signatures share.

use std::sync::{OnceLock, PoisonError, RwLock};

use bls12_381::{G1Affine, G1Projective, G2Affine, G2Prepared, Scalar};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::hash::{EXPAND_LENGTH, expand_message, hash_to_g1};

/// The sum of every point times its scalar. Its time depends on how many there are, not on the scalars.
///
/// Straus' method with windows of four bits: the doublings are shared by all terms, so that twenty terms cost about five
/// single multiplications.
pub(super) fn sum_of_products(terms: &[(G1Affine, Scalar)]) -> G1Projective {
    let tables: Vec<[G1Projective; 16]> = terms.iter().map(|(point, _)| multiples(point)).collect();
    let scalars: Zeroizing<Vec<[u8; 32]>> =
        Zeroizing::new(terms.iter().map(|(_, scalar)| scalar.to_bytes()).collect());
    let mut sum = G1Projective::identity();
    for position in (0..32).rev() {
        for shift in [4, 0] {
            for _ in 0..4 {
                sum = sum.double();
            }
            for (table, scalar) in tables.iter().zip(scalars.iter()) {
                let digit = scalar.get(position).map_or(0, |byte| (byte >> shift) & 15);
                sum += choose(table, digit);
            }
        }
    }
    sum
}

/// 0 to 15 times the point.
fn multiples(point: &G1Affine) -> [G1Projective; 16] {
    let mut last = G1Projective::identity();
    [(); 16].map(|()| {
        let this = last;
        last = last.add_mixed(point);
        this
    })
}

/// The entry of that number, while every entry is looked at.
fn choose(table: &[G1Projective; 16], digit: u8) -> G1Projective {
    let mut chosen = G1Projective::identity();
    for (number, entry) in (0_u8..).zip(table) {
        chosen.conditional_assign(entry, number.ct_eq(&digit));
    }
    chosen
}

/// The constants that `create_generators` hashes from.
struct Seeds {
    seed: &'static [u8],
    seed_dst: &'static [u8],
    generator_dst: &'static [u8],
}

const SEED_DST: &[u8] = b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_SIG_GENERATOR_SEED_";
const GENERATOR_DST: &[u8] = b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_SIG_GENERATOR_DST_";

/// Of the generators of header and messages.
const MESSAGES: Seeds = Seeds {
    seed: b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_MESSAGE_GENERATOR_SEED",
    seed_dst: SEED_DST,
    generator_dst: GENERATOR_DST,
};

/// Of the ciphersuite's point P1.
const BASE: Seeds = Seeds {
    seed: b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_BP_MESSAGE_GENERATOR_SEED",
    seed_dst: SEED_DST,
    generator_dst: GENERATOR_DST,
};

/// A sequence of generators as far as it was computed: it is the same for everybody, and hashing to the curve is dear.
struct Generators {
    seeds: Seeds,
    chain: Vec<u8>,
    points: Vec<G1Affine>,
}

impl Generators {
    const fn new(seeds: Seeds) -> Self {
        Self { seeds, chain: Vec::new(), points: Vec::new() }
    }

    /// `create_generators`, from where it stopped.
    fn extend(&mut self, count: usize) {
        let Seeds { seed, seed_dst, generator_dst } = self.seeds;
        if self.chain.is_empty() {
            self.chain = expand_message(&[seed], seed_dst, EXPAND_LENGTH).to_vec();
        }
        let known = u64::try_from(self.points.len()).unwrap_or(u64::MAX);
        for number in known.saturating_add(1).. {
            if self.points.len() >= count {
                break;
            }
            let input = [self.chain.as_slice(), &number.to_be_bytes()];
            self.chain = expand_message(&input, seed_dst, EXPAND_LENGTH).to_vec();
            self.points.push(hash_to_g1(&self.chain, generator_dst).into());
        }
    }
}

/// The first `count` generators: that of the domain, then those of the messages in order.
pub(super) fn generators(count: usize) -> Vec<G1Affine> {
    static KNOWN: RwLock<Generators> = RwLock::new(Generators::new(MESSAGES));
    // Points are pushed whole, so what a panic elsewhere left behind is as good as before.
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(points) = known.points.get(..count) {
        return points.to_vec();
    }
    drop(known);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.extend(count);
    known.points.get(..count).unwrap_or_default().to_vec()
}

/// The ciphersuite's fixed point P1.
pub(super) fn base() -> G1Affine {
    static BASE_POINT: OnceLock<G1Affine> = OnceLock::new();
    *BASE_POINT.get_or_init(|| {
        let mut generators = Generators::new(BASE);
        generators.extend(1);
        generators.points.first().copied().unwrap_or_default()
    })
}

/// Minus the base point of G2, ready for pairings.
pub(super) fn minus_base_g2() -> &'static G2Prepared {
    static PREPARED: OnceLock<G2Prepared> = OnceLock::new();
    PREPARED.get_or_init(|| G2Prepared::from(-G2Affine::generator()))
}

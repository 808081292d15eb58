use inkan_core::SecretBytes;
use inkan_core::encoding::{decode_hex, hex};
use inkan_core::rng::insecure::SeededRng;
use proptest::prelude::*;

use super::hash::expand_message;
use super::*;
use crate::{KeyType, SecretKey, SignError, Signer as _};

/// The draft's messages (§8.2).
const MESSAGES: [&str; 10] = [
    "9872ad089e452c7b6e283dfac2a80d58e8d0ff71cc4d5e310a1debdda4a45f02",
    "c344136d9ab02da4dd5908bbba913ae6f58c2cc844b802a6f811f5fb075f9b80",
    "7372e9daa5ed31e6cd5c825eac1b855e84476a1d94932aa348e07b73",
    "77fe97eb97a1ebe2e81e4e3597a3ee740a66e9ef2412472c",
    "496694774c5604ab1b2544eababcf0f53278ff50",
    "515ae153e22aae04ad16f759e07237b4",
    "d183ddc6e2665aa4e2f088af",
    "ac55fb33a75909ed",
    "96012096",
    "",
];
const SECRET: &str = "60e55110f76883a13d030b2f6bd11883422d5abde717569fc0731f51237169fc";
const HEADER: &str = "11223344556677889900aabbccddeeff";
const SIGNATURE: &str = "8339b285a4acd89dec7777c09543a43e3cc60684b0a6f8ab335da4825c96e1463e28f8c5f4fd0641d19cec5920d3a8ff4bedb6c9691454597bbd298288abed3632078557b2ace7d44caed846e1a0a1e8";

/// Gives the bytes that the draft's mocked random scalars are reduced from (§8.1).
struct Mocked(std::vec::IntoIter<u8>);

impl Mocked {
    fn new(scalars: u16) -> Self {
        let seed = decode_hex("332e313431353932363533353839373933323338343632363433333833323739");
        let dst = [API_ID, b"MOCK_RANDOM_SCALARS_DST_"].concat();
        Self(expand_message(&[&seed.unwrap()], &dst, scalars * 48).to_vec().into_iter())
    }
}

impl CryptoRng for Mocked {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.next().expect("as many scalars as were asked for");
        }
    }
}

fn secret() -> SecretKey {
    let bytes = SecretBytes::new(decode_hex(SECRET).unwrap());
    SecretKey::from_secret_bytes(KeyType::Bls12381G2, &bytes).unwrap()
}

fn messages() -> Vec<Vec<u8>> {
    MESSAGES.iter().map(|text| decode_hex(text).unwrap()).collect()
}

fn slices(messages: &[Vec<u8>]) -> Vec<&[u8]> {
    messages.iter().map(Vec::as_slice).collect()
}

fn shown<'a>(messages: &'a [Vec<u8>], indexes: &[usize]) -> Vec<(usize, &'a [u8])> {
    indexes.iter().map(|index| (*index, messages[*index].as_slice())).collect()
}

#[test]
fn fixed_points_are_those_of_the_draft_section_8_4_3() {
    assert_eq!(
        hex(&base().to_compressed()),
        "a8ce256102840821a3e94ea9025e4662b205762f9776b3a766c872b948f1fd225e7c59698588e70d11406d161b4e28c9"
    );
    let points = generators(4);
    let expected = [
        "a9ec65b70a7fbe40c874c9eb041c2cb0a7af36ccec1bea48fa2ba4c2eb67ef7f9ecb17ed27d38d27cdeddff44c8137be",
        "98cd5313283aaf5db1b3ba8611fe6070d19e605de4078c38df36019fbaad0bd28dd090fd24ed27f7f4d22d5ff5dea7d4",
        "a31fbe20c5c135bcaa8d9fc4e4ac665cc6db0226f35e737507e803044093f37697a9d452490a970eea6f9ad6c3dcaa3a",
        "b479263445f4d2108965a9086f9d1fdc8cde77d14a91c856769521ad3344754cc5ce90d9bc4c696dffbc9ef1d6ad1b62",
    ];
    for (point, expected) in zip(points, expected) {
        assert_eq!(hex(&point.to_compressed()), expected);
    }
}

#[test]
fn generators_are_the_same_however_they_are_asked_for() {
    let all = generators(40);
    assert_eq!(generators(7), all[..7]);
    let mut anew = Vec::new();
    for count in [1, 5, 40] {
        anew = generators(count);
    }
    assert_eq!(anew, all);
}

#[test]
fn public_keys_and_signatures_are_those_of_the_draft_section_8_4() {
    let (key, messages) = (secret(), messages());
    assert_eq!(
        hex(&key.public_key().raw()),
        "a820f230f6ae38503b86c70dc50b61c58a77e45c39ab25c0652bbaa8fa136f2851bd4781c9dcde39fc9d1d52c9e60268\
         061e7d7632171d91aa8d460acee0e96f1e7c4cfb12d3ff9ab5d5dc91c277db75c845d649ef3c4f63aebc364cd55ded0c"
    );
    let header = decode_hex(HEADER).unwrap();
    let signature = key.sign_messages(&header, &slices(&messages)).unwrap();
    assert_eq!(hex(&signature), SIGNATURE);
    assert_eq!(verify(&key.public_key(), &signature, &header, &slices(&messages)), Ok(()));
}

#[test]
fn proofs_with_mocked_scalars_are_those_of_the_draft_section_8_4_5_3() {
    const PROOF: &str = "a2ed608e8e12ed21abc2bf154e462d744a367c7f1f969bdbf784a2a134c7db2d340394223a5397a3011b1c340ebc415199462ba6f31106d8a6da8b513b37a47afe93c9b3474d0d7a354b2edc1b88818b063332df774c141f7a07c48fe50d452f897739228c88afc797916dca01e8f03bd9c5375c7a7c59996e514bb952a436afd24457658acbaba5ddac2e693ac481356918cd38025d86b28650e909defe9604a7259f44386b861608be742af7775a2e71a6070e5836f5f54dc43c60096834a5b6da295bf8f081f72b7cdf7f3b4347fb3ff19edaa9e74055c8ba46dbcb7594fb2b06633bb5324192eb9be91be0d33e453b4d3127459de59a5e2193c900816f049a02cb9127dac894418105fa1641d5a206ec9c42177af9316f433417441478276ca0303da8f941bf2e0222a43251cf5c2bf6eac1961890aa740534e519c1767e1223392a3a286b0f4d91f7f25217a7862b8fcc1810cdcfddde2a01c80fcc90b632585fec12dc4ae8fea1918e9ddeb9414623a457e88f53f545841f9d5dcb1f8e160d1560770aa79d65e2eca8edeaecb73fb7e995608b820c4a64de6313a370ba05dc25ed7c1d185192084963652f2870341bdaa4b1a37f8c06348f38a4f80c5a2650a21d59f09e8305dcd3fc3ac30e2a";
    let (key, messages) = (secret().public_key(), messages());
    let header = decode_hex(HEADER).unwrap();
    let ph = decode_hex("bed231d880675ed101ead304512e043ade9958dd0241ea70b4b3957fba941501");
    let headers = Headers { header: &header, presentation_header: &ph.unwrap() };
    let signature = decode_hex(SIGNATURE).unwrap();
    let indexes = [0, 2, 4, 6];
    let made =
        prove((&key, &signature), headers, &slices(&messages), &indexes, &mut Mocked::new(11));
    assert_eq!(hex(&made.unwrap()), PROOF);
    let proof = decode_hex(PROOF).unwrap();
    assert_eq!(hidden_messages(&proof), Ok(6));
    assert_eq!(verify_proof(&key, &proof, headers, &shown(&messages, &indexes)), Ok(()));

    let fewer = shown(&messages, &indexes[..3]);
    assert_eq!(verify_proof(&key, &proof, headers, &fewer), Err(BbsError::Mismatch));
    let elsewhere = shown(&messages, &[0, 2, 4, 7]);
    assert_eq!(verify_proof(&key, &proof, headers, &elsewhere), Err(BbsError::Mismatch));
    let mut twice = shown(&messages, &indexes);
    twice[1].0 = 0;
    assert_eq!(verify_proof(&key, &proof, headers, &twice), Err(BbsError::Indexes));
    twice[3].0 = 10;
    assert_eq!(verify_proof(&key, &proof, headers, &twice[2..]), Err(BbsError::Indexes));
    for other in
        [Headers { header: b"", ..headers }, Headers { presentation_header: b"", ..headers }]
    {
        let verdict = verify_proof(&key, &proof, other, &shown(&messages, &indexes));
        assert_eq!(verdict, Err(BbsError::Mismatch));
    }
    let other = SecretKey::generate(KeyType::Bls12381G2, &mut SeededRng::new(1)).public_key();
    let verdict = verify_proof(&other, &proof, headers, &shown(&messages, &indexes));
    assert_eq!(verdict, Err(BbsError::Mismatch));
}

#[test]
fn signatures_over_other_lists_are_refused() {
    let (key, messages) = (secret().public_key(), messages());
    let (header, signature) = (decode_hex(HEADER).unwrap(), decode_hex(SIGNATURE).unwrap());
    let mut reordered = messages.clone();
    reordered.swap(2, 7);
    let mut changed = messages.clone();
    changed[0][0] ^= 1;
    for list in [&messages[..9], &[messages.clone(), vec![vec![]]].concat(), &reordered, &changed] {
        let verdict = verify(&key, &signature, &header, &slices(list));
        assert_eq!(verdict, Err(BbsError::Mismatch));
    }
    let verdict = verify(&key, &signature, b"", &slices(&messages));
    assert_eq!(verdict, Err(BbsError::Mismatch));
}

#[test]
fn malformed_signatures_and_proofs_are_named() {
    let key = secret().public_key();
    let headers = Headers { header: b"", presentation_header: b"" };
    let good = decode_hex(SIGNATURE).unwrap();
    let mut identity = good.clone();
    identity[..48].copy_from_slice(&G1Affine::identity().to_compressed());
    // On the curve, and not in the group of order r: the point whose x is 4.
    let mut cofactor = good.clone();
    cofactor[..48].fill(0);
    cofactor[0] = 0x80;
    cofactor[47] = 4;
    let point = G1Affine::from_compressed_unchecked(cofactor[..48].try_into().unwrap()).unwrap();
    assert!(!bool::from(point.is_torsion_free()));
    let mut zero = good.clone();
    zero[48..].fill(0);
    let mut large = good.clone();
    large[48..].fill(255);
    for bytes in
        [&good[..79], &identity, &cofactor, &zero, &large, &[good.clone(), vec![0]].concat()]
    {
        assert_eq!(verify(&key, bytes, b"", &[]), Err(BbsError::SignatureMalformed));
        let proof = [bytes, &[1; 300]].concat();
        let verdict = verify_proof(&key, &proof[..272], headers, &[]);
        assert_eq!(verdict, Err(BbsError::ProofMalformed));
    }
    let long = vec![1; SHORTEST_PROOF + (MESSAGE_LIMIT + 1) * SCALAR_LENGTH];
    assert_eq!(verify_proof(&key, &long, headers, &[]), Err(BbsError::TooManyMessages));
    let many = vec![b"".as_slice(); MESSAGE_LIMIT + 1];
    assert_eq!(verify(&key, &good, b"", &many), Err(BbsError::TooManyMessages));
    let refused = secret().sign_messages(b"", &many);
    assert_eq!(refused, Err(SignError::Bbs(BbsError::TooManyMessages)));
    for length in [0, 271, 273, 303] {
        assert_eq!(hidden_messages(&vec![0; length]), Err(BbsError::ProofMalformed));
    }
}

#[test]
fn public_keys_that_are_no_point_of_the_group_are_refused() {
    use crate::KeyError;
    let read = |bytes: &[u8]| PublicKey::from_raw(KeyType::Bls12381G2, bytes).unwrap_err();
    let good = secret().public_key().raw();
    assert_eq!(read(&good[..95]), KeyError::Length(95));
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    assert_eq!(read(&identity), KeyError::NotOnCurve);
    assert_eq!(read(&[255; 96]), KeyError::NotOnCurve);
    // Points of the curve outside the group of order r.
    let outside = (1_u8..30).filter_map(|x| {
        let mut bytes = [0; 96];
        (bytes[0], bytes[95]) = (0x80, x);
        let point: Option<bls12_381::G2Affine> =
            bls12_381::G2Affine::from_compressed_unchecked(&bytes).into();
        point.filter(|point| !bool::from(point.is_torsion_free())).map(|_| bytes)
    });
    let outside: Vec<[u8; 96]> = outside.collect();
    assert!(!outside.is_empty());
    for bytes in outside {
        assert_eq!(read(&bytes), KeyError::NotOnCurve);
    }
}

#[test]
fn a_key_has_one_multikey_and_one_jwk() {
    let key = secret().public_key();
    let multikey = key.to_multikey();
    assert!(multikey.starts_with("zUC7"), "{multikey}");
    assert_eq!(PublicKey::from_multikey(&multikey).as_ref(), Ok(&key));
    assert_eq!(PublicKey::from_jwk(&key.to_jwk()).as_ref(), Ok(&key));
    let private = secret().to_private_jwk();
    let read = SecretKey::from_private_jwk(&private).unwrap();
    assert_eq!(read.public_key(), key);
    assert_eq!(read.to_secret_bytes(), secret().to_secret_bytes());
    assert_eq!(KeyType::parse(key.key_type().name()), Ok(KeyType::Bls12381G2));
}

#[test]
fn keys_of_bbs_sign_lists_and_nothing_else() {
    let key = secret();
    assert_eq!(key.sign(b"m"), Err(SignError::KeyUnsuitable));
    let verdict = key.public_key().verify(b"m", &[0; 80]);
    assert_eq!(verdict, Err(SignatureError::AlgorithmMismatch));
    let jws = crate::jws::sign(serde_json::Map::new(), b"payload", &key);
    assert!(jws.is_err());
    assert_eq!(crate::Algorithm::from_jose("BBS"), None);
    for key_type in [KeyType::Ed25519, KeyType::P256, KeyType::P384] {
        let other = SecretKey::generate(key_type, &mut SeededRng::new(3));
        assert_eq!(other.sign_messages(b"", &[]), Err(SignError::KeyUnsuitable));
        let other = other.public_key();
        assert_eq!(verify(&other, &[], b"", &[]), Err(BbsError::KeyType));
        let headers = Headers { header: b"", presentation_header: b"" };
        assert_eq!(verify_proof(&other, &[], headers, &[]), Err(BbsError::KeyType));
        let made = prove((&other, &[]), headers, &[], &[], &mut SeededRng::new(1));
        assert_eq!(made, Err(BbsError::KeyType));
    }
}

#[test]
fn sums_of_products_are_those_of_the_curve_library() {
    let mut rng = SeededRng::new(9);
    let mut terms: Vec<(G1Affine, Scalar)> =
        generators(6).into_iter().map(|p| (p, random_scalar(&mut rng))).collect();
    terms[1].1 = Scalar::zero();
    terms[2].1 = -Scalar::one();
    terms[3].0 = G1Affine::identity();
    terms[4].0 = terms[5].0;
    let expected: bls12_381::G1Projective =
        terms.iter().map(|(point, scalar)| point * scalar).sum();
    assert_eq!(sum_of_products(&terms), expected);
    assert_eq!(sum_of_products(&[]), bls12_381::G1Projective::identity());
}

#[test]
fn debug_shows_nothing_of_a_canary_key() {
    const CANARY: [u8; 32] = *b"canary-canary-canary-canary-key!";
    let bytes = SecretBytes::new(CANARY.to_vec());
    let key = SecretKey::from_secret_bytes(KeyType::Bls12381G2, &bytes).unwrap();
    let shown = format!("{key:?} {key:#?} {:?}", key.sign_messages(b"h", &[b"m"]));
    crate::signer::tests::assert_no_canary(&shown, &CANARY);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_subset_is_proved_and_any_changed_byte_refused(
        mask in any::<u8>(),
        seed in any::<u64>(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let list: Vec<Vec<u8>> = (0..8_u8).map(|number| vec![number; usize::from(number)]).collect();
        let key = secret();
        let signature = key.sign_messages(b"header", &slices(&list)).unwrap();
        let headers = Headers { header: b"header", presentation_header: b"nonce" };
        let indexes: Vec<usize> = (0..8).filter(|index| mask >> index & 1 == 1).collect();
        let public = key.public_key();
        let mut proof = prove(
            (&public, &signature), headers, &slices(&list), &indexes, &mut SeededRng::new(seed),
        ).unwrap();
        prop_assert_eq!(verify_proof(&public, &proof, headers, &shown(&list, &indexes)), Ok(()));
        let place = place.index(proof.len());
        proof[place] ^= 1 << bit;
        prop_assert!(verify_proof(&public, &proof, headers, &shown(&list, &indexes)).is_err());
    }
}

use std::path::Path;

use super::*;

#[test]
fn the_structures_of_platforms_are_read_whole_or_not_at_all() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = corpus.join("../../tests/fuzz/corpus/attestation_object");
    for (seed, name) in [
        ("seed-tpm-public", "TPMT_PUBLIC"),
        ("seed-tpm-attest", "TPMS_ATTEST"),
        ("seed-android", "KeyDescription"),
    ] {
        let bytes = std::fs::read(corpus.join(seed)).expect("a seed");
        assert_eq!(platform_structure(&bytes), Some(name));
        for length in 0..bytes.len() {
            assert_eq!(platform_structure(&bytes[..length]), None, "{name} {length}");
        }
        assert_eq!(platform_structure(&[&bytes[..], &[0]].concat()), None, "{name} and more");
    }
}

//! What holds for the proof values of every suite of selective disclosure.

use inkan_core::encoding;

/// Shows that a proof value is read in one form alone: nothing behind it, nothing missing, one base, no padding. Gives its
/// bytes.
pub(in crate::proof) fn has_one_form(text: &str, reads: impl Fn(&str) -> bool) -> Vec<u8> {
    let encoded = text.strip_prefix('u').unwrap();
    let bytes = encoding::decode_b64u(encoded).unwrap();
    let of = |bytes: &[u8]| reads(&format!("u{}", encoding::b64u(bytes)));
    assert!(of(&bytes));
    assert!(!of(&[&bytes[..], &[0]].concat()), "trailing");
    for length in 0..bytes.len() {
        assert!(!of(&bytes[..length]), "cut at {length}");
    }
    assert!(!reads(encoded), "no multibase");
    assert!(!reads(&format!("z{encoded}")), "another base");
    assert!(!reads(&format!("{text}=")), "padding");
    bytes
}

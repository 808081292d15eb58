//! Resources whose digests are known here: a credential that fixes another one is not issued (VCDM 2.0 §5.3).
//!
//! In scope: the base context, by the digests of its published text. Nothing is fetched.

use inkan_core::{encoding, json};
use serde_json::Value;

use super::options::Profile;

/// The digests of one text, in hexadecimal.
struct Text {
    sha256: &'static str,
    sha384: &'static str,
}

const BASE: &str = "https://www.w3.org/ns/credentials/v2";
/// The base context as it is published (VCDM 2.0 §B.1).
const PUBLISHED: Text = Text {
    sha256: "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
    sha384: "97f1eb8e5042356c805fdd61afa2c557663785e0794dcafa21e138fd38def18cb360133c221aa31d6896a6bf3e65b614",
};
/// A draft of it, by which the test suite of the data model goes.
const DRAFT: Text = Text {
    sha256: "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9",
    sha384: "35239c36999d2155312091af194a1edb61634d6ad789a5e5b19f2aebdd762dd9d1dcaada40eda7ef921c6b8c0ae107a0",
};

/// Whether a `relatedResource` object fixes a resource that is known here by a digest that it does not have.
///
/// The object is well-formed, as the data model has judged; a digest by another hash says nothing here.
pub(crate) fn is_wrong(resource: &Value, profile: Profile) -> bool {
    if json::text(resource, "id") != Some(BASE) {
        return false;
    }
    let texts: &[Text] = match profile {
        Profile::Strict => &[PUBLISHED],
        Profile::Conformance => &[PUBLISHED, DRAFT],
    };
    let known = |digest: &[u8]| {
        let hex = encoding::hex(digest);
        match digest.len() {
            32 => texts.iter().any(|text| text.sha256 == hex),
            48 => texts.iter().any(|text| text.sha384 == hex),
            _ => true,
        }
    };
    let of = |member: &str, decode: fn(&str) -> Option<Vec<u8>>| {
        let values = match resource.get(member) {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one) => vec![one],
            None => return false,
        };
        let digests: Vec<_> = values
            .into_iter()
            .filter_map(Value::as_str)
            .flat_map(str::split_ascii_whitespace)
            .filter_map(decode)
            .collect();
        !digests.is_empty() && !digests.iter().any(|digest| known(digest))
    };
    of("digestSRI", sri) || of("digestMultibase", multibase)
}

fn sri(expression: &str) -> Option<Vec<u8>> {
    let (_, value) = expression.split('?').next()?.split_once('-')?;
    let value = value.trim_end_matches('=').replace('+', "-").replace('/', "_");
    encoding::decode_b64u(&value).ok()
}

/// With the prefix of a multihash or without.
fn multibase(text: &str) -> Option<Vec<u8>> {
    let bytes = encoding::decode_multibase(text).ok()?;
    match bytes.split_first_chunk() {
        Some((&[0x12 | 0x20, length], digest)) if usize::from(length) == digest.len() => {
            Some(digest.to_vec())
        }
        _ => Some(bytes),
    }
}

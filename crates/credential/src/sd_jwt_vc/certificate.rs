//! Whom a certificate names: the URLs and hosts among its alternative names
//! ([RFC 5280 §4.2.1.6](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6)).
//!
//! In scope: whether `iss` is one of them. Out of scope: everything that makes a certificate valid, which whoever
//! validates its path looks at.

use crate::model::is_url;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
/// Extensions, the last part of what is signed.
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;
/// The identifier of the extension, 2.5.29.17.
const ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

/// Whether the certificate (DER) names the HTTPS URL `issuer`: itself, or its host. Wildcards name nobody in particular.
pub(super) fn names(certificate: &[u8], issuer: &str) -> bool {
    let Some(rest) = issuer.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return false;
    }
    let host = authority.split(':').next().unwrap_or_default();
    let is_it = |(tag, name): &(u8, &[u8])| match *tag {
        DNS_NAME => !host.is_empty() && name.eq_ignore_ascii_case(host.as_bytes()),
        URI => *name == issuer.as_bytes(),
        _ => false,
    };
    alternative_names(certificate).is_some_and(|names| names.iter().any(is_it))
}

/// The issuer that it names: the first HTTPS URL, or else the first host that is no wildcard.
pub(super) fn issuer_of(certificate: &[u8]) -> Option<String> {
    let names = alternative_names(certificate)?;
    let text = |wanted: u8| {
        names
            .iter()
            .filter(move |(tag, _)| *tag == wanted)
            .filter_map(|(_, name)| str::from_utf8(name).ok())
    };
    let url = text(URI).find(|url| url.starts_with("https://")).map(str::to_owned);
    let host =
        || text(DNS_NAME).find(|host| !host.contains('*')).map(|host| format!("https://{host}"));
    // What is found must be what a reader accepts.
    url.or_else(host).filter(|issuer| is_url(issuer) && self::names(certificate, issuer))
}

/// The names with their tags; none if there are none, or the bytes are no certificate.
fn alternative_names(certificate: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let certificate = inside(*parts(certificate)?.first()?, SEQUENCE)?;
    let signed = inside(*parts(certificate)?.first()?, SEQUENCE)?;
    let extensions = parts(signed)?.into_iter().find_map(|part| inside(part, EXTENSIONS))?;
    let extensions = inside(*parts(extensions)?.first()?, SEQUENCE)?;
    for extension in parts(extensions)? {
        let members = parts(inside(extension, SEQUENCE)?)?;
        if inside(*members.first()?, OBJECT_IDENTIFIER)? == ALTERNATIVE_NAME {
            let names = inside(*members.last()?, OCTET_STRING)?;
            return parts(inside(*parts(names)?.first()?, SEQUENCE)?);
        }
    }
    None
}

fn inside((tag, content): (u8, &[u8]), expected: u8) -> Option<&[u8]> {
    (tag == expected).then_some(content)
}

/// The elements that stand one after the other, each with its tag.
fn parts(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut out = Vec::new();
    while let [tag, first, rest @ ..] = bytes {
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            // Lengths of at most four bytes; the indefinite form is not DER.
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = length.iter().try_fold(0_usize, |sum, byte| {
                    sum.checked_mul(256)?.checked_add(usize::from(*byte))
                })?;
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        out.push((*tag, content));
        bytes = rest;
    }
    bytes.is_empty().then_some(out)
}

/// A certificate as far as it is read here, for these names.
#[cfg(test)]
pub(crate) fn example(names: &[(u8, &str)]) -> Vec<u8> {
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, length[0], length[1]], content].concat()
    }
    let names: Vec<u8> = names.iter().flat_map(|(tag, name)| der(*tag, name.as_bytes())).collect();
    let other =
        der(SEQUENCE, &[der(OBJECT_IDENTIFIER, &[0x55, 0x1d, 0x0f]), vec![4, 1, 0]].concat());
    let oid = der(OBJECT_IDENTIFIER, &ALTERNATIVE_NAME);
    let named = [oid, vec![1, 1, 0xff], der(OCTET_STRING, &der(SEQUENCE, &names))].concat();
    let extensions = der(SEQUENCE, &[other, der(SEQUENCE, &named)].concat());
    let signed = [vec![0x02, 1, 1], der(EXTENSIONS, &extensions)].concat();
    der(SEQUENCE, &[der(SEQUENCE, &signed), vec![3, 1, 0]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_named_by_url_or_host() {
        let certificate = example(&[
            (DNS_NAME, "Acme.example"),
            (URI, "https://acme.test/a"),
            (0x81, "b.example"),
        ]);
        for issuer in ["https://acme.example", "https://acme.example:8443/x", "https://acme.test/a"]
        {
            assert!(names(&certificate, issuer), "{issuer}");
        }
        for issuer in [
            "https://gov.example",
            "https://acme.test",
            "https://b.example",
            "https://acme.example@gov.example",
            "https://",
            "http://acme.example",
            "did:web:acme.example",
        ] {
            assert!(!names(&certificate, issuer), "{issuer}");
        }
        assert!(!names(&example(&[(DNS_NAME, "*.example")]), "https://acme.example"));
        assert!(!names(&example(&[(DNS_NAME, "")]), "https://"));
    }

    #[test]
    fn what_is_no_certificate_names_nobody() {
        let whole = example(&[(DNS_NAME, "acme.example")]);
        for length in 0..whole.len() {
            assert!(!names(whole.get(..length).unwrap(), "https://acme.example"), "{length}");
        }
        assert!(!names(&[0x30, 0x80, 0, 0], "https://acme.example"));
        assert!(!names(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], "https://acme.example"));
    }
}

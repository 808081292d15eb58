use inkan_core::encoding::b64u;
use inkan_ledger::Kind;

use super::{is_first_version, kind_of_jws, signer_of};

fn jws(header: &str) -> Vec<u8> {
    format!("{}.e30.AA", b64u(header.as_bytes())).into_bytes()
}

#[test]
fn the_kind_is_that_of_typ() {
    assert_eq!(kind_of_jws(&jws(r#"{"typ":"inkan-issuance+jwt"}"#)), Ok(Kind::Issuance));
    assert_eq!(kind_of_jws(&jws(r#"{"typ":"inkan-once+jwt","kid":"x"}"#)), Ok(Kind::Once));
    let code = |body: &[u8]| kind_of_jws(body).expect_err("refused").code();
    for other in ["JWT", "inkan-epoch+jwt", "inkan-did+jwt", "inkan-x+jwt", "inkan-once"] {
        assert_eq!(code(&jws(&format!(r#"{{"typ":"{other}"}}"#))), "unsupported-entry-type");
    }
    for malformed in [&b""[..], b".", b"e30.", b"\xff.", &jws("[]"), &jws("{}"), &[b'a'; 5_000]] {
        assert_eq!(code(malformed), "malformed-entry");
    }
}

#[test]
fn the_signer_is_that_of_kid() {
    let scid = "QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr";
    let of = |kid: &str| signer_of(&jws(&format!(r#"{{"kid":"{kid}"}}"#)));
    assert_eq!(of(&format!("did:webvh:{scid}:a.example#k")).as_deref(), Some(scid));
    assert_eq!(of("did:webvh:short:a.example#k"), None);
    assert_eq!(of("did:key:z6Mk#z6Mk"), None);
}

#[test]
fn first_versions_are_told_apart() {
    assert!(is_first_version(br#"{"versionId":"1-Qm","x":[1,2]}"#));
    assert!(is_first_version(b"{\"versionId\":\"1-Qm\"}\n{}"));
    assert!(!is_first_version(br#"{"versionId":"11-Qm"}"#));
    assert!(!is_first_version(b"nonsense"));
}

use proptest::prelude::*;

use super::{BATCH_ENTRIES, BATCH_LIMIT, BatchError, Framed, join, split};
use crate::leaf::Kind;

#[test]
fn a_batch_is_a_code_a_length_and_a_body_each() {
    let bytes = join([(Kind::Issuance, &b"abc"[..]), (Kind::Did, b"")]).expect("a batch");
    assert_eq!(bytes, b"\x02\x00\x03abc\x01\x00\x00");
    let framed = [Framed { code: 2, body: b"abc" }, Framed { code: 1, body: b"" }];
    assert_eq!(split(&bytes), Ok(framed.to_vec()));
    assert_eq!(framed.map(|entry| entry.kind()), [Some(Kind::Issuance), Some(Kind::Did)]);
}

#[test]
fn an_unknown_kind_does_not_break_the_framing() {
    let framed = split(b"\xff\x00\x01x").expect("framed");
    assert_eq!(framed[0].kind(), None);
    assert_eq!(framed[0].body, b"x");
}

#[test]
fn malformed_batches_are_named() {
    assert_eq!(split(b""), Err(BatchError::Count));
    assert_eq!(split(b"\x01"), Err(BatchError::Truncated { entry: 0 }));
    assert_eq!(split(b"\x01\x00\x00\x01\x00\x02x"), Err(BatchError::Truncated { entry: 1 }));
    assert_eq!(split(&vec![0; BATCH_LIMIT + 1]), Err(BatchError::TooLarge));
    assert_eq!(split(&[1, 0, 0].repeat(BATCH_ENTRIES + 1)), Err(BatchError::Count));
    assert_eq!(split(&[1, 0, 0].repeat(BATCH_ENTRIES)).map(|all| all.len()), Ok(BATCH_ENTRIES));
}

#[test]
fn what_is_too_much_for_a_batch_is_not_written() {
    assert_eq!(join([]), Err(BatchError::Count));
    let body = vec![0; 65_536];
    assert_eq!(join([(Kind::Did, &body[..])]), Err(BatchError::Body { entry: 0 }));
    assert_eq!(join(vec![(Kind::Did, &body[..65_535]); 65]), Err(BatchError::TooLarge));
    assert_eq!(join(vec![(Kind::Did, &body[..0]); BATCH_ENTRIES + 1]), Err(BatchError::Count));
    assert!(join(vec![(Kind::Did, &body[..0]); BATCH_ENTRIES]).is_ok());
}

proptest! {
    #[test]
    fn splitting_any_bytes_never_panics_and_loses_nothing(bytes in any::<Vec<u8>>()) {
        if let Ok(framed) = split(&bytes) {
            let length: usize = framed.iter().map(|entry| entry.body.len() + 3).sum();
            prop_assert_eq!(length, bytes.len());
        }
    }
}

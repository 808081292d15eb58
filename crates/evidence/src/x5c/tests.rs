use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_certificate_is_malformed() {
    let time = Timestamp::from_seconds(1_767_225_600).unwrap();
    for bytes in [&b""[..], b"certificate", &[0x30, 0x03, 1, 1, 0]] {
        assert_eq!(key_of(bytes), Err(CertificateFault::Malformed));
        let chain = [bytes.to_vec()];
        assert_eq!(
            IssuerAnchors::default().path(&chain, time, &RevocationInfo::default()),
            Err(CertificateFault::Malformed)
        );
        assert_eq!(IssuerAnchors::default().add_file(bytes), Err(TimestampError::Malformed));
    }
    assert_eq!(
        IssuerAnchors::default().path(&[], time, &RevocationInfo::default()),
        Err(CertificateFault::Malformed)
    );
    assert!(IssuerAnchors::default().is_empty());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let time = Timestamp::from_seconds(1_767_225_600).unwrap();
        let _ = key_of(&bytes);
        let _ = IssuerAnchors::default().path(&[bytes.clone(), bytes], time, &RevocationInfo::default());
    }
}

//! The two structures of a TPM that an attestation holds (TPM 2.0 Library, Part 2, §10.12.8 and §12.2.4): big-endian numbers, and bytes after
//! their length.

use crate::webauthn::key::CredentialKey;

/// `TPM_GENERATED_VALUE` and `TPM_ST_ATTEST_CERTIFY`.
const GENERATED: u32 = 0xff54_4347;
const CERTIFY: u16 = 0x8017;
/// `TPM_ALG_RSA`, `TPM_ALG_ECC`, `TPM_ALG_NULL`, `TPM_ALG_RSAES`, `TPM_ALG_ECDAA`.
const RSA: u16 = 0x0001;
const ECC: u16 = 0x0023;
const NULL: u16 = 0x0010;
const RSAES: u16 = 0x0015;
const ECDAA: u16 = 0x001a;
/// `TPM_ECC_NIST_P256`, `TPM_ECC_NIST_P384`.
const NIST_P256: u16 = 0x0003;
const NIST_P384: u16 = 0x0004;
/// `TPMA_OBJECT`: the key stays in this module (`fixedTPM`), below its parent (`fixedParent`), and was made there (`sensitiveDataOrigin`).
const STAYS: u32 = 0x0000_0032;
/// What an RSA exponent of zero stands for (§12.2.3.5).
const USUAL_EXPONENT: u32 = 65_537;

/// `TPMS_ATTEST` of a certified key.
#[derive(Debug)]
pub(super) struct Attest<'a> {
    /// What it was asked over.
    pub(super) extra_data: &'a [u8],
    /// The name of the key: its digest, after the number of the algorithm.
    pub(super) name: &'a [u8],
}

/// `TPMT_PUBLIC` of a signing key.
#[derive(Debug)]
pub(super) struct Public {
    pub(super) name_algorithm: u16,
    attributes: u32,
    key: Option<CredentialKey>,
}

impl<'a> Attest<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.u32()? != GENERATED || reader.u16()? != CERTIFY {
            return None;
        }
        let _signer = reader.sized()?;
        let extra_data = reader.sized()?;
        // Clock, resets, restarts, safe; version of the firmware.
        reader.take(17)?;
        reader.take(8)?;
        let (name, _qualified) = (reader.sized()?, reader.sized()?);
        reader.0.is_empty().then_some(Self { extra_data, name })
    }
}

impl Public {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let (kind, name_algorithm, attributes) = (reader.u16()?, reader.u16()?, reader.u32()?);
        let _policy = reader.sized()?;
        // What a parent would encrypt with: its size and mode.
        if reader.u16()? != NULL {
            reader.take(4)?;
        }
        let key = match kind {
            RSA => rsa(&mut reader)?,
            ECC => ecc(&mut reader)?,
            _ => return None,
        };
        reader.0.is_empty().then_some(Self { name_algorithm, attributes, key })
    }

    /// The key, if it is of a kind that credentials have.
    pub(super) const fn key(&self) -> Option<&CredentialKey> {
        self.key.as_ref()
    }

    /// Whether it was made in the module and cannot leave it.
    pub(super) const fn stays(&self) -> bool {
        self.attributes & STAYS == STAYS
    }
}

fn rsa(reader: &mut Reader<'_>) -> Option<Option<CredentialKey>> {
    reader.scheme()?;
    let _bits = reader.u16()?;
    let exponent = match reader.u32()? {
        0 => USUAL_EXPONENT,
        other => other,
    };
    let exponent = exponent.to_be_bytes();
    let zeros = exponent.iter().take_while(|byte| **byte == 0).count();
    let modulus = reader.sized()?;
    Some(CredentialKey::from_rsa(modulus, exponent.get(zeros..)?))
}

fn ecc(reader: &mut Reader<'_>) -> Option<Option<CredentialKey>> {
    reader.scheme()?;
    let (curve, half) = match reader.u16()? {
        NIST_P256 => ("P-256", 32),
        NIST_P384 => ("P-384", 48),
        _ => return None,
    };
    if reader.u16()? != NULL {
        reader.u16()?;
    }
    let (x, y) = (whole(reader.sized()?, half)?, whole(reader.sized()?, half)?);
    Some(CredentialKey::from_point(curve, &x, &y))
}

/// A coordinate in its full length: some modules leave leading zeros out.
fn whole(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; length.checked_sub(number.len())?];
    out.extend_from_slice(number);
    Some(out)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Bytes after their length (`TPM2B_*`).
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A signature scheme, with the digest that it has, if any.
    fn scheme(&mut self) -> Option<()> {
        match self.u16()? {
            NULL | RSAES => {}
            ECDAA => drop(self.take(4)?),
            _ => drop(self.u16()?),
        }
        Some(())
    }
}

//! Receipts in COSE, for SCITT and procurement tools (§5.6 of the ledger specification):
//! [RFC 9942](https://www.rfc-editor.org/rfc/rfc9942) over the same tree and path.
//!
//! In scope: export, reading our own exports back, and what they prove. Out of scope: the quorum, which such a receipt does
//! not have: no policy of ours accepts one alone.

use coset::cbor::value::Value as Cbor;
use coset::iana::Algorithm;
use coset::{
    CoseSign1, CoseSign1Builder, Header, HeaderBuilder, Label, RegisteredLabelWithPrivate,
    TaggedCborSerializable,
};
use inkan_core::Digest;
use inkan_crypto::{KeyType, PublicKey, SignError, Signer};

use crate::checkpoint::is_origin;
use crate::tree::{
    InclusionError, InclusionProof, LeafHash, NodeHash, TreeHead, root_of_inclusion,
};

/// The largest COSE receipt in bytes: 63 hashes, a name and a signature.
pub const COSE_LIMIT: usize = 4_096;
/// Header `CWT Claims` of RFC 9597, and its claim `iss` (RFC 8392 §3.1.1).
const CWT_CLAIMS: i64 = 15;
const ISS: i64 = 1;
/// Header `vds`, and `RFC9162_SHA256` of its registry (RFC 9942 §2, §5).
const VDS: i64 = 395;
const RFC9162_SHA256: i64 = 1;
/// Header `vdp`, and its inclusion proofs (RFC 9942 §2, §5.2).
const VDP: i64 = 396;
const INCLUSION: i64 = -1;
/// The longest `kid` in bytes.
const KID_LIMIT: usize = 64;
/// The most hashes of a path.
const PATH_LIMIT: usize = 63;

/// A leaf's place and path, signed with a P-256 key of the log's. Nothing is proved before [`CoseReceipt::verify`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CoseReceipt {
    origin: String,
    kid: Vec<u8>,
    tree_size: u64,
    proof: InclusionProof,
    signature: Vec<u8>,
}

/// Why there is no COSE receipt, or why it proves nothing. A retry may help if the signer is a device.
#[derive(Debug, thiserror::Error)]
pub enum CoseError {
    /// Not the one form that we write.
    #[error("COSE receipt is malformed: {0}")]
    Malformed(&'static str),
    /// The path is empty, as in a tree of one leaf, which RFC 9942 cannot say.
    #[error("a receipt with an empty path is not exported")]
    EmptyPath,
    /// The key is not a P-256 key.
    #[error("COSE receipts are signed with ES256")]
    KeyType,
    /// The signature does not verify.
    #[error("signature of the COSE receipt does not verify")]
    Signature,
    /// The path does not fit place and size.
    #[error("path of the COSE receipt proves nothing")]
    Inclusion(#[from] InclusionError),
    /// The signer failed.
    #[error("COSE receipt was not signed")]
    Sign(#[from] SignError),
}

impl CoseError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed-receipt",
            Self::EmptyPath => "not-exported",
            Self::KeyType | Self::Signature => "log-signature-invalid",
            Self::Inclusion(error) => error.code(),
            Self::Sign(error) => error.code(),
        }
    }
}

/// The `kid` of a log's COSE key: its JWK thumbprint (RFC 7638), as base64url text.
#[must_use]
pub fn kid(key: &PublicKey) -> Vec<u8> {
    key.thumbprint().into_bytes()
}

impl CoseReceipt {
    /// Signs the root that `proof` leads to, as the log `origin`.
    ///
    /// `head` must be one that the log has signed as a note: only roots that passed the log's guard are signed.
    ///
    /// # Errors
    ///
    /// [`CoseError::EmptyPath`], [`CoseError::KeyType`], [`CoseError::Inclusion`] if the path leads elsewhere,
    /// [`CoseError::Malformed`] for an impossible origin, [`CoseError::Sign`].
    pub fn sign(
        origin: &str,
        (leaf, proof): (&LeafHash, &InclusionProof),
        head: &TreeHead,
        signer: &dyn Signer,
    ) -> Result<Self, CoseError> {
        if proof.path.is_empty() {
            return Err(CoseError::EmptyPath);
        }
        let key = signer.public_key();
        if key.key_type() != KeyType::P256 {
            return Err(CoseError::KeyType);
        }
        if !is_origin(origin) {
            return Err(CoseError::Malformed("origin of the log"));
        }
        if root_of_inclusion(leaf, proof, head.tree_size)? != head.root_hash {
            return Err(InclusionError::RootMismatch.into());
        }
        let mut receipt = Self {
            origin: origin.to_owned(),
            kid: kid(&key),
            tree_size: head.tree_size,
            proof: proof.clone(),
            signature: Vec::new(),
        };
        receipt.signature = signer.sign(&receipt.signed_bytes(&head.root_hash))?;
        Ok(receipt)
    }

    /// The tagged `COSE_Sign1`.
    ///
    /// # Errors
    ///
    /// [`CoseError::Malformed`] if it cannot be encoded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CoseError> {
        let inclusion = Cbor::Array(vec![
            self.tree_size.into(),
            self.proof.leaf_index.into(),
            Cbor::Array(self.proof.path.iter().map(hash).collect()),
        ]);
        let mut bytes = Vec::new();
        coset::cbor::into_writer(&inclusion, &mut bytes)
            .map_err(|_| CoseError::Malformed("inclusion proof"))?;
        let proofs = Cbor::Array(vec![Cbor::Bytes(bytes)]);
        let vdp = Cbor::Map(vec![(INCLUSION.into(), proofs)]);
        CoseSign1Builder::new()
            .protected(self.protected())
            .unprotected(HeaderBuilder::new().value(VDP, vdp).build())
            .signature(self.signature.clone())
            .build()
            .to_tagged_vec()
            .map_err(|_| CoseError::Malformed("not encodable"))
    }

    /// Reads what [`Self::to_bytes`] writes, in no other encoding.
    ///
    /// # Errors
    ///
    /// [`CoseError::Malformed`], [`CoseError::EmptyPath`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CoseError> {
        let malformed = CoseError::Malformed;
        if bytes.len() > COSE_LIMIT {
            return Err(malformed("too large"));
        }
        let message =
            CoseSign1::from_tagged_slice(bytes).map_err(|_| malformed("not a COSE_Sign1"))?;
        let protected = &message.protected.header;
        let origin = claim(protected).ok_or(malformed("issuer"))?;
        let [(Label::Int(VDP), vdp)] = message.unprotected.rest.as_slice() else {
            return Err(malformed("unprotected headers"));
        };
        let (tree_size, proof) = inclusion(vdp).ok_or(malformed("inclusion proof"))?;
        if proof.path.is_empty() {
            return Err(CoseError::EmptyPath);
        }
        let receipt = Self {
            origin,
            kid: protected.key_id.clone(),
            tree_size,
            proof,
            signature: message.signature,
        };
        let sound = is_origin(&receipt.origin)
            && (1..=KID_LIMIT).contains(&receipt.kid.len())
            && receipt.proof.path.len() <= PATH_LIMIT;
        // Everything that was not looked at, and every other spelling, shows here.
        if sound && receipt.to_bytes()? == bytes {
            Ok(receipt)
        } else {
            Err(malformed("other headers, or another encoding"))
        }
    }

    /// Checks that the log with this key signed a root over `leaf`, and gives that root.
    ///
    /// RFC 9942 has the root signed alone: place and size are the log's claim, and another pair with a path of the same shape
    /// verifies as well. Where they matter, compare the root with that of a signed note.
    ///
    /// # Errors
    ///
    /// [`CoseError::Inclusion`], [`CoseError::KeyType`], [`CoseError::Signature`].
    pub fn verify(&self, leaf: &LeafHash, key: &PublicKey) -> Result<NodeHash, CoseError> {
        let root_hash = root_of_inclusion(leaf, &self.proof, self.tree_size)?;
        if key.key_type() != KeyType::P256 {
            return Err(CoseError::KeyType);
        }
        key.verify(&self.signed_bytes(&root_hash), &self.signature)
            .map_err(|_| CoseError::Signature)?;
        Ok(root_hash)
    }

    /// Name of the log, as it says.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Which key signed, as it says.
    #[must_use]
    pub fn kid(&self) -> &[u8] {
        &self.kid
    }

    /// Size of the tree, as it says.
    #[must_use]
    pub const fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// Place, as it says, and path.
    #[must_use]
    pub const fn proof(&self) -> &InclusionProof {
        &self.proof
    }

    /// `{1: -7, 4: kid, 15: {1: origin}, 395: 1}`, in the order of RFC 8949 §4.2.1.
    fn protected(&self) -> Header {
        let claims = Cbor::Map(vec![(ISS.into(), Cbor::Text(self.origin.clone()))]);
        HeaderBuilder::new()
            .algorithm(Algorithm::ES256)
            .key_id(self.kid.clone())
            .value(CWT_CLAIMS, claims)
            .value(VDS, RFC9162_SHA256.into())
            .build()
    }

    /// `Sig_structure` of RFC 9052 §4.4, with the root as detached payload.
    fn signed_bytes(&self, root: &NodeHash) -> Vec<u8> {
        let message = CoseSign1Builder::new()
            .protected(self.protected())
            .payload(root.digest().as_bytes().to_vec())
            .build();
        message.tbs_data(&[])
    }
}

/// `iss` of the CWT claims in a protected header that says ES256.
fn claim(header: &Header) -> Option<String> {
    if header.alg != Some(RegisteredLabelWithPrivate::Assigned(Algorithm::ES256)) {
        return None;
    }
    let claims = header.rest.iter().find(|(label, _)| *label == Label::Int(CWT_CLAIMS))?;
    let [(name, Cbor::Text(origin))] = claims.1.as_map()?.as_slice() else { return None };
    (*name == Cbor::from(ISS)).then(|| origin.clone())
}

fn inclusion(vdp: &Cbor) -> Option<(u64, InclusionProof)> {
    let [(label, proofs)] = vdp.as_map()?.as_slice() else { return None };
    let [Cbor::Bytes(proof)] = proofs.as_array()?.as_slice() else { return None };
    if *label != Cbor::from(INCLUSION) {
        return None;
    }
    let proof: Cbor = coset::cbor::from_reader(proof.as_slice()).ok()?;
    let [size, leaf_index, path] = proof.as_array()?.as_slice() else { return None };
    let number = |value: &Cbor| u64::try_from(i128::from(value.as_integer()?)).ok();
    let (size, leaf_index) = (number(size)?, number(leaf_index)?);
    let path = path.as_array()?.iter().map(node).collect::<Option<Vec<_>>>()?;
    (leaf_index < size && size < 1 << 63).then_some((size, InclusionProof { leaf_index, path }))
}

fn node(value: &Cbor) -> Option<NodeHash> {
    let bytes: [u8; 32] = value.as_bytes()?.as_slice().try_into().ok()?;
    Some(NodeHash::from_digest(Digest::from_bytes(bytes)))
}

fn hash(node: &NodeHash) -> Cbor {
    Cbor::Bytes(node.digest().as_bytes().to_vec())
}

#[cfg(test)]
mod tests;

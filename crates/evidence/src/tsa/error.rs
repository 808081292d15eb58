//! Why a timestamp proves nothing.

/// Why a timestamp proves nothing. Asking again may help with [`Refused`](Self::Refused) alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TimestampError {
    /// Too large, not DER, not the structures of RFC 3161 and RFC 5652, or an algorithm that is not known.
    #[error("timestamp is malformed")]
    Malformed,
    /// The authority gave no token.
    #[error("timestamp authority refused, with status {status}")]
    Refused {
        /// `PKIStatus` of RFC 3161 §2.4.2.
        status: u8,
    },
    /// The token is over something else.
    #[error("timestamp is over other data")]
    Imprint,
    /// The token answers another question.
    #[error("timestamp answers another request")]
    Nonce,
    /// The certificate of the signer is not in the token, or is not the one that was signed with.
    #[error("timestamp does not name its signer")]
    Signer,
    /// The certificate of the signer is not for timestamping alone.
    #[error("signer of the timestamp may not sign timestamps")]
    Usage,
    /// The signature does not verify.
    #[error("signature of the timestamp does not verify")]
    Signature,
    /// No path to the pinned certificate was good at the time of the token.
    #[error("signer of the timestamp was not trusted at that time")]
    Path,
    /// The certificates had ended before the time that the token is relied on.
    #[error(
        "certificates of the timestamp authority ended before a newer timestamp was made over it"
    )]
    Outlived,
    /// The certificate that the policy pins is not at hand.
    #[error("pinned certificate of the timestamp authority is not at hand")]
    AnchorUnknown,
}

impl TimestampError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "timestamp-malformed",
            Self::Refused { .. } => "timestamp-refused",
            Self::Imprint => "timestamp-imprint-mismatch",
            Self::Nonce => "timestamp-nonce-mismatch",
            Self::Signer => "timestamp-signer-unknown",
            Self::Usage => "timestamp-signer-unfit",
            Self::Signature => "timestamp-signature-invalid",
            Self::Path => "timestamp-path-invalid",
            Self::Outlived => "timestamp-outlived",
            Self::AnchorUnknown => "timestamp-anchor-unknown",
        }
    }
}

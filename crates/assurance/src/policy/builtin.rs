//! The ready-made policies, built in.

use super::Policy;

/// Id and text of every ready-made policy, `authentic` first.
const BUILTIN: [(&str, &str); 20] = [
    ("authentic", include_str!("../../policies/authentic.json")),
    (
        "jp.ial.r1.mynumber-card-issuance",
        include_str!("../../policies/jp.ial.r1.mynumber-card-issuance.json"),
    ),
    (
        "jp.ial.r2a.mynumber-card-counter",
        include_str!("../../policies/jp.ial.r2a.mynumber-card-counter.json"),
    ),
    (
        "jp.ial.r2b.mynumber-card-esignature",
        include_str!("../../policies/jp.ial.r2b.mynumber-card-esignature.json"),
    ),
    ("jp.ial.r3.inperson-id-pass", include_str!("../../policies/jp.ial.r3.inperson-id-pass.json")),
    ("jp.ial.r4.ekyc-face-match", include_str!("../../policies/jp.ial.r4.ekyc-face-match.json")),
    (
        "jp.ial.r5.bank-open-then-card-handover",
        include_str!("../../policies/jp.ial.r5.bank-open-then-card-handover.json"),
    ),
    (
        "jp.ial.r5.bank-open-then-card-handover-chip",
        include_str!("../../policies/jp.ial.r5.bank-open-then-card-handover-chip.json"),
    ),
    (
        "jp.ial.r6.account-open-card-reader",
        include_str!("../../policies/jp.ial.r6.account-open-card-reader.json"),
    ),
    (
        "jp.ial.r7.ec-member-image-upload",
        include_str!("../../policies/jp.ial.r7.ec-member-image-upload.json"),
    ),
    ("jp.ial.r8.mail-notice", include_str!("../../policies/jp.ial.r8.mail-notice.json")),
    (
        "jp.aal.a3a.mynaportal-login",
        include_str!("../../policies/jp.aal.a3a.mynaportal-login.json"),
    ),
    (
        "jp.aal.a3b.etax-ic-card-remote-sign",
        include_str!("../../policies/jp.aal.a3b.etax-ic-card-remote-sign.json"),
    ),
    (
        "jp.aal.a3c.business-banking-large-transfer",
        include_str!("../../policies/jp.aal.a3c.business-banking-large-transfer.json"),
    ),
    (
        "jp.aal.a2a.etax-smart-id-remote-sign",
        include_str!("../../policies/jp.aal.a2a.etax-smart-id-remote-sign.json"),
    ),
    (
        "jp.aal.a2b.securities-payout-bank-change",
        include_str!("../../policies/jp.aal.a2b.securities-payout-bank-change.json"),
    ),
    (
        "jp.aal.a1a.securities-login",
        include_str!("../../policies/jp.aal.a1a.securities-login.json"),
    ),
    ("jp.aal.a1b.chat-magic-link", include_str!("../../policies/jp.aal.a1b.chat-magic-link.json")),
    ("jp.aal.a0.ec-new-cart", include_str!("../../policies/jp.aal.a0.ec-new-cart.json")),
    (
        "jp.combined.payout-bank-change-jpki",
        include_str!("../../policies/jp.combined.payout-bank-change-jpki.json"),
    ),
];

/// The ready-made policy with this id.
#[must_use]
pub fn builtin(id: &str) -> Option<Policy> {
    let (_, text) = BUILTIN.iter().find(|(known, _)| *known == id)?;
    Policy::parse(text.as_bytes()).ok()
}

/// The ids of all ready-made policies; the first is used where none is named.
pub fn builtin_ids() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(id, _)| *id)
}

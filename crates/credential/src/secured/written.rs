//! The text of a credential with embedded proofs, for whoever writes many.

use serde_json::Value;

use super::DataIntegrityCredential;

impl DataIntegrityCredential {
    /// The proofs stand behind all other members, as in [`super::SecuredCredential::to_value`], and nothing is copied for it.
    pub(super) fn to_text(&self) -> String {
        let mut text = json_text(self.credential.value());
        // It is an object with members: it has an `@context`.
        text.pop();
        text.push_str(",\"proof\":");
        match (self.proofs.as_slice(), self.written_alone) {
            ([only], true) => text.push_str(&json_text(only.value())),
            (proofs, _) => {
                text.push('[');
                for (at, proof) in proofs.iter().enumerate() {
                    text.push_str(if at > 0 { "," } else { "" });
                    text.push_str(&json_text(proof.value()));
                }
                text.push(']');
            }
        }
        text.push('}');
        text
    }
}

/// What `to_string` gives, without its detour over a formatter.
fn json_text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
}

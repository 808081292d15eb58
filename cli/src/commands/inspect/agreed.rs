//! What consents in a file say, in words. Nothing here was checked.

use inkan_core::json::text;
use inkan_credential::consent::{
    CONSENT_RECEIPT_TYPE, CONSENT_TYPE, ConsentReceipt, ConsentRecord,
};
use serde_json::Value;

/// Most consents that are told.
const MOST: usize = 16;

/// Name and value of each line: of a consent receipt, of a record by itself, of the consents in a bundle.
pub(super) fn lines(content: &Value) -> Vec<(&'static str, String)> {
    let read = |value: &Value| match text(value, "type") {
        Some(CONSENT_RECEIPT_TYPE) => ConsentReceipt::from_value(value.clone()).ok(),
        Some(CONSENT_TYPE) => {
            ConsentRecord::from_value(value.clone()).and_then(ConsentReceipt::of).ok()
        }
        Some(_) | None => None,
    };
    let carried = content.get("consents").and_then(Value::as_array).into_iter().flatten();
    let all = std::iter::once(content).chain(carried);
    all.filter_map(read).take(MOST).flat_map(|receipt| told(&receipt)).collect()
}

fn told(receipt: &ConsentReceipt) -> Vec<(&'static str, String)> {
    let Some(terms) = receipt.terms() else { return Vec::new() };
    let mut lines = Vec::new();
    for record in receipt.states() {
        let (state, time) = (record.state().as_str(), record.event().time);
        let signed = match record.acknowledgement() {
            Some(_) => ", acknowledged",
            None => "",
        };
        let line = format!("{state} {time}, to {}{signed}", terms.receiver.audience);
        lines.push(("consent", line));
    }
    lines.extend(terms.purposes.iter().map(|purpose| ("", format!("for {}", purpose.text))));
    let until = terms.until.map_or_else(|| "it is withdrawn".to_owned(), |until| until.to_string());
    lines.push(("", format!("until {until}")));
    lines
}

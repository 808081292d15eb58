//! Consents made for a test: with everything in them, and with as little as may be.
//!
//! In scope: input that several tests share. Out of scope: anything with an expectation in it.

use inkan_core::rng::insecure::SeededRng;
use inkan_core::sha256;
use inkan_credential::consent::{
    ConsentPurpose, ConsentReceipt, Notice, PolicyReference, acknowledge,
};
use inkan_crypto::KeyType;
use inkan_holder::{Consent, give_consent, withdraw_consent};

use crate::made::{Party, moment};

/// A consent receipt with both states, acknowledged and full; and one that says no more than it has to.
///
/// # Panics
///
/// If they cannot be made.
#[must_use]
pub fn consents(key_type: KeyType) -> [ConsentReceipt; 2] {
    let mut rng = SeededRng::new(4);
    let mut party = || Party::new(key_type, &mut rng);
    let (issuer, holder, bank) = (party(), party(), party());
    let presentation = holder.present_di(&issuer.issue_di(&holder.did));
    let notice =
        Notice { uri: Some("https://bank.example/p".to_owned()), digest: Some(sha256(&[b"p"])) };
    let policy = PolicyReference {
        id: "desk".to_owned(),
        version: "1".to_owned(),
        digest: sha256(&[b"policy"]),
    };
    let purposes = [ConsentPurpose { id: Some("a".to_owned()), text: "Opening it".to_owned() }];
    let recipients = ["Card factory".to_owned()];
    let now = moment();
    let full = Consent {
        method: &holder.method,
        receiver: Some(&bank.did),
        purposes: &purposes,
        notice: Some(&notice),
        policy: Some(&policy),
        until: Some(now.plus_seconds(1_000)),
        keep_until: Some(now.plus_seconds(2_000)),
        recipients: &recipients,
        jurisdiction: Some("JP"),
        withdrawal_method: "by letter",
        log: Some("ledger.example"),
    };
    let short_purpose = [ConsentPurpose { id: None, text: "Opening it".to_owned() }];
    let short = Consent {
        receiver: None,
        purposes: &short_purpose,
        notice: None,
        policy: None,
        until: None,
        keep_until: None,
        recipients: &[],
        jurisdiction: None,
        log: None,
        ..full
    };
    [full, short].map(|consent| {
        let rng = &mut SeededRng::new(5);
        let key = &holder.key;
        let given = give_consent(&presentation, &consent, key, now, rng).expect("a consent");
        let names = ("urn:uuid:ack", bank.method.as_str());
        let given = acknowledge(&given, names, now, &bank.key).expect("acknowledged");
        let mut receipt = ConsentReceipt::of(given.clone()).expect("a receipt");
        let pair = (holder.method.as_str(), consent.jurisdiction);
        let last = withdraw_consent(&given, pair, key, now, rng).expect("a withdrawal");
        receipt.push(last).expect("the next state");
        receipt
    })
}

use serde_json::json;

use super::*;
use crate::webvh::testing::{
    accept, bytes, first_head, forge, multikey, next_draft, now, plain_draft,
};
use crate::webvh::{check_after, check_next};

/// A log whose entries set now this, now that.
fn log() -> Vec<Entry> {
    let first = forge(None, &plain_draft(), &[1]);
    let mut lines = vec![bytes(&first)];
    let mut head = accept(None, &lines[0]).unwrap();
    for (set, signer) in [
        (json!({}), 1),
        (json!({ "updateKeys": [multikey(3)] }), 1),
        (json!({ "portable": false, "ttl": 60 }), 3),
        (json!({}), 3),
        (json!({ "updateKeys": [multikey(4)] }), 3),
        (json!({}), 4),
    ] {
        let mut draft = next_draft(&head);
        draft["parameters"] = set;
        let line = bytes(&forge(Some(&head), &draft, &[signer]));
        head = accept(Some(&head), &line).unwrap();
        lines.push(line);
    }
    lines.iter().map(|line| Entry::parse(line, None).unwrap()).collect()
}

#[test]
fn few_entries_judge_as_the_whole_history_does() {
    let entries = log();
    let time = now().plus_seconds(3_600);
    let (mut head, mut settings) = (None, Settings::<Option<&Entry>>::default());
    for (at, entry) in entries.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| Before::of_entries(&entries[at], settings));
        // Every entry of the log after every version: one is right, the others are wrong for the same reasons.
        for other in &entries {
            let by_history = check_next(head.as_ref(), other, time).map(|_| ());
            assert_eq!(check_after(before, other, time), by_history, "{at}");
        }
        head = Some(check_next(head.as_ref(), entry, time).unwrap());
        settings = settings.after(entry, Some(entry));
    }
    let by_other_keys = settings.update_keys.unwrap();
    assert_eq!(by_other_keys.number(), 6);
}

#[test]
fn proofs_hold_by_the_keys_they_name_or_do_not() {
    let head = first_head();
    let entry = |signer: u64| forge(Some(&head), &next_draft(&head), &[signer]);
    let read = |value: &serde_json::Value| Entry::parse(&bytes(value), None).unwrap();
    assert!(read(&entry(99)).proofs_hold(now()), "of a stranger");
    let mut forged = entry(99);
    forged["proof"][0]["proofValue"] = entry(98)["proof"][0]["proofValue"].clone();
    assert!(!read(&forged).proofs_hold(now()));
}

use inkan_credential::model::StatusPurpose;
use inkan_credential::status_list::{BitstringStatusList, MINIMUM_BITS};

use crate::StatusListState;

fn list(set: &[u64]) -> String {
    let mut bits = BitstringStatusList::new(MINIMUM_BITS).unwrap();
    set.iter().for_each(|place| bits.set(*place).unwrap());
    bits.encode().unwrap()
}

fn set(state: &StatusListState) -> Vec<u64> {
    (0..state.bits.len()).filter(|place| state.bits.get(*place).unwrap()).collect()
}

const URI: &str = "https://ledger.example/status/1";

#[test]
fn what_the_predecessor_revokes_later_is_taken_over_too() {
    let mut state =
        StatusListState::taken_over(URI, StatusPurpose::Revocation, &list(&[3])).unwrap();
    state.bits.set(5).unwrap();
    state.take_since(&list(&[3, 8]), Some(&list(&[3]))).unwrap();
    assert_eq!(set(&state), [3, 5, 8]);
    // Whatever was missed before is made good.
    state.take_since(&list(&[3, 8, 9]), Some(&list(&[3, 8, 9]))).unwrap();
    assert_eq!(set(&state), [3, 5, 8, 9]);
}

#[test]
fn a_suspension_that_was_lifted_here_does_not_come_back() {
    let mut state =
        StatusListState::taken_over(URI, StatusPurpose::Suspension, &list(&[3])).unwrap();
    state.bits.clear(3).unwrap();
    state.take_since(&list(&[3, 8]), Some(&list(&[3]))).unwrap();
    assert_eq!(set(&state), [8]);
    state.take_since(&list(&[3]), None).unwrap();
    assert_eq!(set(&state), [3, 8], "never seen before");
}

#[test]
fn lists_of_other_lengths_are_refused() {
    let mut state =
        StatusListState::taken_over(URI, StatusPurpose::Revocation, &list(&[3])).unwrap();
    let longer = BitstringStatusList::new(MINIMUM_BITS * 2).unwrap().encode().unwrap();
    state.take_since(&longer, None).unwrap_err();
    assert_eq!(set(&state), [3]);
}

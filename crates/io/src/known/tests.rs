use inkan_core::sha256;

use super::*;

fn state(id: u8, index: u64) -> KnownState {
    KnownState {
        origin: "ledger.example".to_owned(),
        key: MapKey::from_parts(Kind::Status, sha256(&[&[id]])),
        sequence: index,
        leaf_index: index,
        leaf_time: Timestamp::EPOCH.plus_seconds(i64::from(id)),
        seen_at: Timestamp::EPOCH.plus_seconds(100),
        registrant: Some(sha256(&[b"an issuer"])),
    }
}

fn profile(folder: &tempfile::TempDir) -> Profile {
    Profile::create(&folder.path().join("bank"), "bank").unwrap()
}

#[test]
fn the_newest_state_of_each_id_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let profile = profile(&folder);
    assert_eq!(load(&profile).unwrap(), []);
    remember(&profile, &[state(1, 4), state(2, 5)]).unwrap();
    remember(&profile, &[state(1, 9), state(2, 3)]).unwrap();
    let elsewhere = KnownState { origin: "other.example".to_owned(), ..state(1, 2) };
    remember(&profile, std::slice::from_ref(&elsewhere)).unwrap();
    let known = load(&profile).unwrap();
    assert_eq!(known.len(), 3);
    let earlier = KnownState { seen_at: Timestamp::EPOCH.plus_seconds(50), ..state(1, 9) };
    remember(&profile, std::slice::from_ref(&earlier)).unwrap();
    remember(&profile, &[state(1, 9)]).unwrap();
    assert!(load(&profile).unwrap().contains(&earlier), "the first sight counts");
    for kept in [state(1, 9), state(2, 5), elsewhere] {
        assert!(known.contains(&kept), "{known:?}");
    }
}

#[test]
fn a_damaged_memory_is_not_forgotten_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let profile = profile(&folder);
    remember(&profile, &[state(1, 4)]).unwrap();
    let good = std::fs::read_to_string(profile.known()).unwrap();
    for damaged in [good.get(..good.len() / 2).unwrap(), "{}", &good.replace("status", "what"), ""]
    {
        std::fs::write(profile.known(), damaged).unwrap();
        assert_eq!(load(&profile).unwrap_err().code(), "profile-record-malformed", "{damaged}");
    }
}

fn of(who: u64, number: u64, sequence: u64) -> KnownState {
    KnownState {
        key: MapKey::from_parts(Kind::Status, sha256(&[&who.to_be_bytes(), &number.to_be_bytes()])),
        registrant: Some(sha256(&[&who.to_be_bytes()])),
        seen_at: Timestamp::EPOCH.plus_seconds(i64::try_from(number).unwrap()),
        sequence,
        ..state(0, number)
    }
}

/// Without it a revocation is forgotten once somebody has shown enough entries that are younger.
#[test]
fn a_crowd_of_one_registrant_takes_no_place_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let profile = profile(&folder);
    let own = [of(1, 1, 2), of(1, 2, 2), of(2, 3, 5)];
    assert_eq!(remember(&profile, &own).unwrap(), 0);
    let limit = u64::try_from(STATES).unwrap();
    let crowd: Vec<KnownState> = (10..limit + 60).map(|number| of(3, number, 2)).collect();
    assert_eq!(remember(&profile, &crowd).unwrap(), 53);
    let known = load(&profile).unwrap();
    assert_eq!(known.len(), STATES);
    assert!(own.iter().all(|state| known.contains(state)));
    assert!(!known.contains(&crowd[52]) && known.contains(&crowd[53]), "its own oldest went");
    // And a newer state of what is known needs no room.
    let revoked = KnownState { leaf_index: 9, ..of(2, 3, 6) };
    assert_eq!(remember(&profile, std::slice::from_ref(&revoked)).unwrap(), 0);
    assert!(load(&profile).unwrap().contains(&revoked));
}

/// Public logs hold very many ids with a single entry; whoever shows their proofs undoes no revocation by it.
#[test]
fn a_crowd_of_first_states_takes_no_place_from_later_ones() {
    let own = [of(1, 1, 2), of(1, 2, 2), of(1, 3, 4)];
    let mut states = own.to_vec();
    states.extend((10..30).map(|who| of(who, who, 1)));
    assert_eq!(forget(&mut states, 20), 3);
    assert!(own.iter().all(|state| states.contains(state)), "{states:?}");
    assert_eq!(forget(&mut states, 3), 17);
    assert_eq!(states, own);
}

/// A report that a key was stolen is the first state of its place, and its absence can be shown.
#[test]
fn a_crowd_of_first_states_takes_no_place_from_a_report() {
    let report =
        KnownState { key: MapKey::from_parts(Kind::Trust, sha256(&[b"a report"])), ..of(1, 1, 1) };
    let mut states = vec![report.clone()];
    states.extend((10..30).map(|who| of(who, who, 1)));
    assert_eq!(forget(&mut states, 1), 20);
    assert_eq!(states, [report]);
}

#[test]
fn of_many_registrants_those_that_came_first_stay() {
    let mut states: Vec<KnownState> = (0..8).map(|who| of(who, who, 1)).collect();
    states.extend([of(2, 20, 2), of(2, 21, 1)]);
    let before = states.clone();
    assert_eq!(forget(&mut states, 10), 0);
    assert_eq!(forget(&mut states, 9), 1);
    assert!(
        !states.contains(&before[2]),
        "a first state has nothing older, and was seen before its like"
    );
    assert_eq!(forget(&mut states, 6), 3);
    assert!(states.contains(&before[8]), "what has a predecessor stays longest");
    assert_eq!(states.len(), 6);
    let left: Vec<_> = states.iter().map(|state| state.leaf_index).collect();
    assert_eq!(left, [0, 1, 3, 4, 5, 20], "who came last gave way");
    // The same registrant on another log is another one; without a registrant each id counts for itself.
    let mut mixed = vec![
        KnownState { origin: "other.example".to_owned(), ..of(1, 1, 1) },
        of(1, 2, 1),
        KnownState { registrant: None, ..of(1, 3, 1) },
        KnownState { registrant: None, ..of(1, 4, 1) },
        of(1, 5, 1),
    ];
    let second = mixed[4].clone();
    assert_eq!(forget(&mut mixed, 4), 1);
    assert!(mixed.contains(&second) && mixed.len() == 4);
    let once = KnownState { key: MapKey::from_parts(Kind::Once, sha256(&[b"x"])), ..of(1, 1, 1) };
    assert!(weight(&once) > weight(&of(1, 9, 1)), "what is used up could be shown as unused");
}

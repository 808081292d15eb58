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

#[test]
fn beyond_the_limit_the_oldest_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let profile = profile(&folder);
    let many: Vec<KnownState> = (0..u64::try_from(STATES).unwrap() + 10)
        .map(|number| KnownState {
            key: MapKey::from_parts(Kind::Did, sha256(&[&number.to_be_bytes()])),
            leaf_time: Timestamp::EPOCH.plus_seconds(i64::try_from(number).unwrap()),
            ..state(0, number)
        })
        .collect();
    remember(&profile, &many).unwrap();
    let known = load(&profile).unwrap();
    assert_eq!(known.len(), STATES);
    assert!(known.iter().all(|state| state.leaf_index >= 10));
}
